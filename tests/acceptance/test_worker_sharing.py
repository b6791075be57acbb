"""Workers side by side."""

from support.workers import Lab, wait_until


def test_two_workers_share_the_runs_of_an_experiment(server_lab: Lab) -> None:
    workers = [server_lab.start_worker(workers=1) for _ in range(2)]
    for worker in workers:
        wait_until("a pool that listens", lambda log=worker.log: "ready." in log())
    ended = server_lab.wait_for_success(*server_lab.create(steps=200))
    assert [run.attempt for run in ended] == [1, 1]
    assert len({run.worker_id for run in ended}) == 2
