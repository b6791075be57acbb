// What the service replies, as far as the page reads it. Names and fields are those of its OpenAPI
// document, to which tests/unit/project/test_page_replies.py holds them.

declare namespace Reply {
  interface Page<Item> {
    items: Item[];
    next: string | null;
  }

  // experiments and runs

  type RunState = "queued" | "running" | "succeeded" | "failed" | "cancelled";
  type LookState = "planned" | "taken" | "dropped";

  interface ExperimentSummary {
    id: string;
    name: string;
    state: RunState;
    dataset: string;
    created_at: string;
    runs: Record<string, number>;
    arms: string[];
    factors: string[];
    progress: number;
    metric: string;
    verdicts: VerdictView[];
    reason: string | null;
    noise_floor?: NoiseFloorView | null;
    programme?: ProgrammeView | null;
    tags: string[];
    problem?: string | null;
  }

  interface ProgrammeView {
    name: string;
    question: number;
    level: number;
    sentence: string;
  }

  type Outcome = "open" | "discovery" | "nothing";

  interface ProgrammeSummary {
    name: string;
    confidence: number;
    created_at: string;
    questions: number;
    last_level: number;
  }

  interface QuestionView {
    number: number;
    level: number;
    experiment: string | null;
    name: string | null;
    outcome: Outcome;
  }

  interface ProgrammeDocument {
    name: string;
    confidence: number;
    created_at: string;
    questions: QuestionView[];
    next_level: number;
  }

  interface LabelsView {
    name: string;
    tags: string[];
    notes: string;
  }

  interface MoreSeedsView {
    count: number;
    counts: number[];
    most: number | null;
    sentence: string;
    fresh: Spec;
  }

  interface DifferencesView {
    fields: ArmDifference[];
  }

  interface ExperimentView {
    id: string;
    name: string;
    state: RunState;
    dataset: string;
    created_at: string;
    progress: number;
    seconds_left: number | null;
    waiting_for: string | null;
    runs: RunView[];
    plan: LookView[];
    tuning?: TuningStepView | null;
    programme?: ProgrammeView | null;
    spec: Spec;
    studies?: string[];
  }

  type TuningState = "planned" | "chosen" | "dropped" | "failed";

  interface TuningStepView {
    state: TuningState;
  }

  interface TuningPlanView {
    settings: Record<string, number | string | boolean>[];
    seeds: number[];
    runs: number;
    stops: number[];
  }

  interface LookView {
    pairs: number;
    state: LookState;
    futile_above?: number | null;
  }

  interface RunView {
    id: string;
    experiment: string;
    arm: string;
    seed: number;
    setting: number;
    tuning: boolean;
    state: RunState;
    step: number;
    steps: number;
    attempt: number;
    reason: string | null;
    worker: string | null;
    device: string;
    trained_seconds: number;
    seconds_left: number | null;
    waiting_for: string | null;
    started_at: string | null;
    finished_at: string | null;
    weights_sha256: string | null;
    provenance: Provenance | null;
  }

  interface RecipeView {
    name: string;
    about: string;
    spec: Spec;
  }

  interface DryRun {
    spec: Spec;
    programme?: ProgrammeView | null;
    runs: number;
    runs_at_least: number;
    plan: LookView[];
    tuning?: TuningPlanView | null;
    effects: DeclaredEffectView[];
    seed_sources: SeedSourcesView;
    given_negatives: GivenNegativesView[];
    cut_texts: CutTextsView[];
    arms_differ: ArmDifference[];
    formulas: FormulaView[];
    seeds_needed: number;
    fitted: FittedSize[];
    warnings: SpecWarning[];
    estimated_seconds: number;
    estimate: string;
    test_pairs: number;
    left_out_pairs: number;
    run_memory_bytes: number | null;
    vectors: ArmVectors[];
    baselines: Record<string, number>;
  }

  interface SpecWarning {
    kind: "too_few_seeds" | "coarse_margin" | "long_warm_up" | "long_text";
    sentence: string;
  }

  interface FittedSize {
    pointer: string;
    value: number | object;
    sentence: string;
  }

  interface SeedSourcesView {
    sentence: string;
  }

  interface CutTextsView {
    sentence: string;
  }

  interface GivenNegativesView {
    sentence: string;
  }

  interface FormulaView {
    arm: string;
    pointer: string;
    row: string;
    collapsed: number | null;
    random: number | null;
    perfect: number | null;
  }

  interface DeclaredEffectView {
    cells: number;
  }

  // results

  interface Results {
    experiment: string;
    complete: boolean;
    spec: Spec;
    baselines: Baselines;
    arms: ArmResult[];
    arms_differ: ArmDifference[];
    comparisons: Comparison[];
    noise_floor: NoiseFloor | null;
    seed_sources: SeedSources | null;
    what_matters_most: string | null;
    effects: Effect[];
    cells: Cell[];
    factor_pairs: FactorPair[];
    waiting_times: TimeToEventView;
    vectors: ArmVectors[];
    tuning?: TuningResult | null;
  }

  interface TuningResult {
    state: TuningState;
    reason: string | null;
    choose_by: string;
    seeds: number[];
    settings: Record<string, number | string | boolean>[];
    stops: number[];
    arms: TunedArm[];
    by_setting: SettingDifference[];
  }

  interface TunedArm {
    name: string;
    trained_to: number[][];
    means: (number | null)[];
    chosen: number | null;
    chosen_under: Record<string, number>;
    at_edge: boolean;
    expected_best: ExpectedBest[];
    steps_spent: number;
  }

  interface ExpectedBest {
    settings: number;
    mean: number;
    low: number;
    high: number;
  }

  interface SettingDifference {
    setting: number;
    a: string;
    b: string;
    metric: string;
    mean_difference: number | null;
    interval: Interval | null;
  }

  interface TwoRunsDifferBy {
    median: number | null;
    in_1_of_20: number | null;
    beyond_margin: number | null;
  }

  interface NoiseFloorView {
    two_runs_differ_by: TwoRunsDifferBy;
    sentence: string;
  }

  interface NoiseFloor {
    arm: string;
    metric: string;
    n: number;
    mean: number | null;
    sd: number | null;
    sd_interval: Interval | null;
    iqm: number | null;
    points: number[];
    collapsed: number;
    two_runs_differ_by: TwoRunsDifferBy;
    one_run_each_cannot_see: number | null;
    margin: number;
    seeds_for_margin: number | null;
    sentence: string;
  }

  interface SeedSources {
    arm: string;
    metric: string;
    n: number;
    sd: number | null;
    sd_interval: Interval | null;
    sources: SourceSpread[];
    sentence: string;
  }

  interface SourceSpread {
    source: "initial_weights" | "batch_order" | "training_rows";
    arm: string;
    pairs: RedrawnPair[];
    sd: number | null;
    sd_interval: Interval | null;
    summary: Summary;
    collapsed: number;
  }

  interface RedrawnPair {
    seed: number;
    difference: number;
  }

  interface MetricLines {
    untrained: Record<string, number> | null;
    tf_idf: number | null;
    zero_shot: Record<string, number> | null;
  }

  interface Baselines {
    untrained: Record<string, number> | null;
    tf_idf: number | null;
    majority: number;
    collapsed: number;
    by_metric: Record<string, MetricLines>;
  }

  interface ArmDifference {
    field: string;
    words: string;
    values: ArmValue[];
  }

  interface ArmValue {
    arm: string;
    words: string;
    formula?: string | null;
  }

  interface TermInWords {
    kind: string;
    weight: number;
    formula: string | null;
    rest: string;
  }

  interface ArmResult {
    name: string;
    terms: TermInWords[];
    runs: RunResult[];
  }

  interface RunResult {
    id: string;
    metrics: Record<string, number>;
  }

  type Verdict = "a_better" | "b_better" | "equivalent" | "undecided";

  interface VerdictView {
    a: string;
    b: string;
    verdict: Verdict;
    mean_difference: number | null;
    warnings: ComparisonWarning[];
  }

  interface ComparisonWarning {
    kind: "all_collapsed" | "nothing_learned" | "below_untrained" | "below_zero_shot" | "below_tf_idf" | "different_settings" | "chosen_at_edge" | "held_source";
    sentence: string;
  }

  interface Comparison {
    a: string;
    b: string;
    metric: string;
    higher_is_better: boolean;
    pairs: Pair[];
    summaries: Summaries;
    mean_difference: number | null;
    interval: Interval | null;
    sign_flip_p: number | null;
    equivalence: Equivalence | null;
    verdict: Verdict;
    sentence: string;
    warnings: ComparisonWarning[];
    role: "primary" | "secondary";
    multiplicity: Multiplicity;
    superiority: Superiority | null;
    pairing: Pairing | null;
    power: Power | null;
    collapse?: Collapse | null;
  }

  // studies

  interface StudyView {
    id: string;
    name: string;
    planned: boolean;
    created_at: string;
    state: RunState;
    progress: number;
    arms: string[];
    experiments: StudyMemberView[];
  }

  interface StudyDryRun {
    runs: number;
    runs_at_least: number;
    estimated_seconds: number;
    experiments: DryRun[];
  }

  interface StudyMemberView {
    id: string | null;
    dataset: string;
  }

  interface StudyComparison {
    a: string;
    b: string;
    metric: string;
    higher_is_better: boolean;
    experiments: StudyExperiment[];
    mean_difference: number | null;
    interval: Interval | null;
    equivalence: Equivalence | null;
    prediction_interval: Interval | null;
    heterogeneity: Heterogeneity | null;
    weighted: WeightedMean | null;
    better_in: number;
    of: number;
    verdict: Verdict;
    sentence: string;
    missing: string[];
  }

  interface StudyResults {
    a: string;
    b: string;
    metric: string;
    higher_is_better: boolean;
    experiments: StudyExperiment[];
    mean_difference: number | null;
    interval: Interval | null;
    equivalence: Equivalence | null;
    prediction_interval: Interval | null;
    heterogeneity: Heterogeneity | null;
    weighted: WeightedMean | null;
    better_in: number;
    of: number;
    verdict: Verdict;
    sentence: string;
    missing: string[];
    differing: string[];
    others: StudyComparison[];
  }

  interface StudyExperiment {
    id: string | null;
    dataset: string;
    seeds: number;
    mean_difference: number | null;
    interval: Interval | null;
    verdict: Verdict;
    warnings: ComparisonWarning[];
    left_out: string | null;
  }

  interface Heterogeneity {
    i2: number;
    p: number | null;
  }

  interface WeightedMean {
    mean_difference: number;
    interval: Interval;
  }

  type Effect = MainEffect | Interaction;

  interface MainEffect {
    kind: "main";
    factors: string[];
    level: string;
    baseline: string;
    a: string;
    b: string;
    metric: string;
    higher_is_better: boolean;
    pairs: EffectPair[];
    mean_difference: number | null;
    interval: Interval | null;
    sign_flip_p: number | null;
    equivalence: Equivalence | null;
    multiplicity: Multiplicity;
    verdict: Verdict;
    sentence: string;
    warnings: ComparisonWarning[];
    role: "primary" | "secondary";
  }

  interface Interaction {
    kind: "interaction";
    factors: string[];
    levels: string[];
    baselines: string[];
    a: string;
    b: string;
    metric: string;
    higher_is_better: boolean;
    pairs: EffectPair[];
    mean_difference: number | null;
    interval: Interval | null;
    sign_flip_p: number | null;
    equivalence: Equivalence | null;
    multiplicity: Multiplicity;
    verdict: Verdict;
    sentence: string;
    warnings: ComparisonWarning[];
    role: "primary" | "secondary";
  }

  interface EffectPair {
    seed: number;
    difference: number;
  }

  interface Multiplicity {
    family: number;
    holm_p: number | null;
  }

  interface Cell {
    arm: string;
    levels: Record<string, string>;
    summary: Summary;
    collapsed: number;
  }

  interface FactorPair {
    factors: string[];
    seeds: number;
    means: PairMean[];
  }

  interface PairMean {
    levels: string[];
    mean: number | null;
  }

  interface Pair {
    seed: number;
    a: number;
    b: number;
    difference: number;
  }

  interface Summaries {
    a: Summary;
    b: Summary;
  }

  interface Summary {
    n: number;
    mean: number | null;
    sd: number | null;
    median: number | null;
    min: number | null;
    max: number | null;
  }

  interface Interval {
    confidence: number;
    low: number;
    high: number;
  }

  interface Equivalence {
    margin: number;
    p: number;
  }

  interface Superiority {
    wins: number;
  }

  interface Pairing {
    sentence: string;
  }

  interface Power {
    detectable_difference: number | null;
    seeds_for_margin: number | null;
  }

  interface Collapse {
    a: CollapseShare;
    b: CollapseShare;
  }

  interface CollapseShare {
    collapsed: number;
    n: number;
  }

  interface TimeToEventView {
    times: EndpointView[];
  }

  interface EndpointView {
    kind: "leave_plateau" | "reach_target_loss";
    measured_on: "training" | "validation";
    about: string;
    horizon: number | null;
    arms: ArmTimesView[];
    comparisons: TimeToEventComparisonView[];
  }

  interface ArmTimesView {
    arm: string;
    plateau_level: number | null;
    never_on_plateau: number;
    runs: RunTimeView[];
    curve: SurvivalCurve | null;
    median: number | null;
    sentence: string;
  }

  interface RunTimeView {
    step: number;
    reached: boolean;
  }

  interface SurvivalCurve {
    step: number[];
    still_waiting: number[];
  }

  interface TimeToEventComparisonView {
    sentence: string;
  }

  // what is kept of a run

  interface EvaluationView {
    step: number;
    split: string;
  }

  type Unit = "loss" | "similarity" | "share" | "correlation" | "norm" | "rate" | "pairs" | "questions";

  interface MetricView {
    name: string;
    label: string;
    unit: Unit;
    description: string;
    splits: string[];
  }

  interface MetricsView {
    steps: MetricView[];
    evaluations: MetricView[];
  }

  interface ScoresView {
    label: number[];
    score: number[];
  }

  type LogLevel = "info" | "warning" | "error";

  interface LogLineView {
    number: number;
    attempt: number;
    at: string;
    level: LogLevel;
    step: number;
    message: string;
  }

  interface LogView {
    items: LogLineView[];
    next: number | null;
  }

  interface UsageView {
    attempt: number[];
    seconds: number[];
    processors: number[];
    memory: number[];
    gpu: (number | null)[];
    gpu_memory: (number | null)[];
  }

  interface CheckpointView {
    step: number;
    size: number;
    sha256: string;
    saved_at: string;
  }

  interface MisclassifiedPairsView {
    threshold: number;
    wrong: number;
    pairs: number;
    items: MisclassifiedPair[];
    note: string | null;
    next: number | null;
  }

  interface MisclassifiedPair {
    question1: string;
    question2: string;
    similarity: number;
    duplicate: boolean;
  }

  type PredictionState = "queued" | "succeeded" | "failed";

  interface PredictionView {
    id: string;
    state: PredictionState;
    reason: string | null;
    threshold: number | null;
    predictions: PairView[] | null;
  }

  interface PairView {
    similarity: number;
    duplicate: boolean;
    unknown_words: string[];
  }

  // data sets

  interface DatasetView {
    name: string;
    content_hash: string;
    created_at: string;
    has_split: boolean;
    rows: number;
    duplicates: number;
    duplicate_share: number;
    empty_texts: number;
    distinct_texts: number;
    token_length_mean: number;
    token_length_max: number;
    vocabulary_size: number;
    duplicate_groups: number | null;
    largest_group: number | null;
    false_negatives: number | null;
    in_order_test: number | null;
    in_order_shared: number | null;
    shape: "labelled_pairs" | "positive_pairs" | "triplets" | "scored_pairs";
    columns: Record<string, string | string[]>;
    left_out: Record<string, number>;
    warnings: string[];
    generated: boolean;
  }

  interface ModelView {
    name: string;
    content_hash: string;
    created_at: string;
    architecture: string;
    parameters: number;
    width: number;
    layers: number;
    positions: number;
    vocabulary_size: number;
    pooling: string | null;
    size: number;
    warnings: string[];
  }

  interface VectorsView {
    name: string;
    content_hash: string;
    created_at: string;
    tokens: number;
    dimension: number;
    has_capitals: boolean;
    size: number;
    warnings: string[];
  }

  interface ArmVectors {
    arm: string;
    share: number;
    sentence: string;
  }

  interface LengthsView {
    start: number[];
    duplicates: number[];
    others: number[];
  }

  interface PairsView {
    items: PairRow[];
    next: number | null;
  }

  interface PairRow {
    row: number;
    question1: string;
    question2: string;
    duplicate: boolean;
    score: number | null;
    triplet: number | null;
  }
}
