"""The shapes of FHIR R4, a validator each: whether fhir.resources will find nothing wrong, at a tenth of its price.

It builds an object for every element, through Python; here its own fields, types and required elements are put together
to a schema that pydantic-core goes through at once. What does not fit is not refused: it is asked about there, whose
word counts. So this may only be stricter, never milder.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin

from fhir.resources.R4B import get_fhir_model_class
from fhir_core.fhirabstractmodel import FHIRAbstractModel
from fhir_core.types import FhirBase, FhirElementOrResourceBase
from pydantic import TypeAdapter
from pydantic_core import CoreSchema, PydanticCustomError, SchemaValidator, core_schema

Json = Mapping[str, Any]
Model = type[FHIRAbstractModel]


def is_sound(resource: Json) -> bool:
    """Whether fhir.resources surely takes it. No: it has to be asked."""
    return _validator(str(resource.get("resourceType"))).isinstance_python(resource)


@cache
def _validator(resource_type: str) -> SchemaValidator:
    model = get_fhir_model_class(resource_type)
    definitions: dict[str, CoreSchema] = {}
    _define(model, definitions)
    top = core_schema.definition_reference_schema(model.__name__)
    return SchemaValidator(core_schema.definitions_schema(top, list(definitions.values())))


def _define(model: Model, definitions: dict[str, CoreSchema]) -> None:
    """The schema of an element and of all that may stand in it, by name."""
    if model.__name__ in definitions:
        return
    definitions[model.__name__] = core_schema.any_schema()  # on its way: an Extension may hold one
    required = {name for name, _ in model.model_construct().get_required_fields()}
    fields = {}
    for name, field in model.model_fields.items():
        schema = _schema(field.annotation, definitions)
        if schema is not None:
            key = field.alias or name
            is_required = field.is_required() or key in required
            fields[key] = core_schema.typed_dict_field(schema, required=is_required)
    if model.has_resource_base():
        fields["resourceType"] = core_schema.typed_dict_field(core_schema.literal_schema([model.get_resource_type()]))
    shape = core_schema.typed_dict_schema(fields, extra_behavior="forbid", ref=model.__name__)
    definitions[model.__name__] = _with_choices(model, shape)


def _with_choices(model: Model, shape: core_schema.TypedDictSchema) -> CoreSchema:
    """Of `value[x]` one may stand there, or must."""
    choices = tuple(_choices(model))
    if not choices:
        return shape

    def choose(element: dict[str, Any]) -> dict[str, Any]:
        for names, least in choices:
            if not least <= len(names & element.keys()) <= 1:
                raise PydanticCustomError("choice", "not one of several")
        return element

    ref = shape.pop("ref")
    return core_schema.no_info_after_validator_function(choose, shape, ref=ref)


def _choices(model: Model) -> Iterator[tuple[frozenset[str], int]]:
    for names in model.model_construct().get_one_of_many_fields().values():
        said = model.model_fields[names[0]].json_schema_extra
        yield frozenset(names), int(isinstance(said, dict) and said["one_of_many_required"] is True)


def _schema(annotation: Any, definitions: dict[str, CoreSchema]) -> CoreSchema | None:
    """None for what is seldom there and has rules of its own: contained resources, what extends a plain value."""
    if get_origin(annotation) in (Union, UnionType):
        those = [one for one in get_args(annotation) if one is not type(None)]
        annotation = those[0] if len(those) == 1 else annotation
    if get_origin(annotation) is list:
        (of,) = get_args(annotation)
        one = _schema(of, definitions)
        return core_schema.list_schema(one) if one is not None else None
    if not (isinstance(annotation, type) and issubclass(annotation, FhirBase)):
        return TypeAdapter(annotation).core_schema
    model = annotation.get_model_klass()
    if issubclass(annotation, FhirElementOrResourceBase) or model.__name__ == "FHIRPrimitiveExtension":
        return None
    _define(model, definitions)
    return core_schema.definition_reference_schema(model.__name__)
