#!/usr/bin/env bash
# Of the prices that pydantic accepts, jsonschema refuses one in seven by pydantic's own schema.
#
# A good guess: a field `Field(multiple_of=0.01)` and the JSON Schema that pydantic publishes for it
# accept the same numbers, whichever validator a client uses: all prices from 0.01 to 100.00.
# Seen: pydantic 2.14.4 accepts all 10,000, and so does jsonschema-rs 0.60.3 by the published schema
# (`"multipleOf": 0.01`). jsonschema 4.26.0 accepts 8,637 by the same schema: 0.07 is refused, as
# 0.07 / 0.01 is 7.000000000000001. Each library answers in its own way whether 0.07 is a multiple.
# Whoever checks requests in the client with the service's OpenAPI document has valid ones refused,
# and tests that generate values from it disagree with the service.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
  pydantic==2.14.4 jsonschema==4.26.0 jsonschema-rs==0.60.3

cat > look.py <<'PYTHON'
from importlib.metadata import version

import jsonschema
import jsonschema_rs
import pydantic


class Offer(pydantic.BaseModel):
    price: float = pydantic.Field(multiple_of=0.01)


def accepted_by_pydantic(offer: dict[str, float]) -> bool:
    try:
        Offer.model_validate(offer)
    except pydantic.ValidationError:
        return False
    return True


schema = Offer.model_json_schema()
judges = {
    "pydantic": accepted_by_pydantic,
    "jsonschema": jsonschema.Draft202012Validator(schema).is_valid,
    "jsonschema-rs": jsonschema_rs.Draft202012Validator(schema).is_valid,
}
offers = [{"price": cents / 100} for cents in range(1, 10_001)]
print("schema of the price:", schema["properties"]["price"])
counts = {name: sum(map(judge, offers)) for name, judge in judges.items()}
for name, count in counts.items():
    print(f"{name} {version(name)}: accepts {count} of {len(offers)} prices")
assert counts == {"pydantic": 10_000, "jsonschema": 8_637, "jsonschema-rs": 10_000}, counts
PYTHON
venv/bin/python look.py
