"""The proof of an imported history: one blocking check for each expectation, judged in one go."""

from collections.abc import Iterator

import dagster as dg

from hub.canonical.ids import Kind
from hub.canonical.records import IN_ORDER
from hub.pipelines.assets import key_of
from hub.pipelines.assets.imported import KINDS
from hub.pipelines.expectations import Telling, history_expectations, reading_queries
from hub.pipelines.failures import safely
from hub.pipelines.resources import HUB, hub_of
from hub.ports.verifications import CheckState


def history_checks(told: Telling) -> dg.AssetChecksDefinition:
    """The checks of an imported history; what depends on its visits waits for all of them."""
    system, expectations = told.system, history_expectations(told)
    visits = key_of(system, Kind.VISIT)
    others = [key_of(system, kind) for kind in IN_ORDER if kind in KINDS and kind is not Kind.VISIT]

    @dg.multi_asset_check(
        name=f"prove_{system}".replace("-", "_"),
        specs=[
            dg.AssetCheckSpec(each.name, asset=visits, description=each.says, blocking=True, additional_deps=others)
            for each in expectations
        ],
        required_resource_keys={HUB},
    )
    def proved(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        from hub.pipelines.validation import Judge  # noqa: PLC0415 - costs seconds

        with Judge(hub_of(context).engine.url, reading_queries(told)) as judge:
            outcomes = safely(lambda: judge.validate(expectations))
        for name, outcome in outcomes.items():
            counted = {} if outcome.unexpected is None else {"unexpected": outcome.unexpected}
            yield dg.AssetCheckResult(
                passed=outcome.state is CheckState.OK,
                asset_key=visits,
                check_name=name,
                description=outcome.state.value,
                metadata=counted,
            )

    return proved
