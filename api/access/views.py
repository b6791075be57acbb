"""The schema of an entry of the audit in replies."""

from datetime import datetime

from pydantic import ConfigDict

from api.http.views import Page, View


class AuditView(View):
    """One change, and the key that made it."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    at: datetime
    key_id: str | None
    """Null for a change that was made without a key, on the machine of the service."""
    key_name: str | None
    action: str
    """`created`, `cancelled`, `retried`, `deleted`, `uploaded`, `reproduced`, `study_created`,
    `study_cancelled`, `study_deleted`, `key_created`, `key_revoked`, `webhook_created` or
    `webhook_deleted`."""
    subject: str
    """The id of an experiment, run, study, key or webhook, or the name of a data set."""


AuditPage = Page[AuditView]
