"""What the service offers, told to programs: OpenAPI 3.1, and a shorter table for the page."""

PROBLEM = {"$ref": "#/components/responses/Problem"}


def about(title, entities, functions):
    """GET /api: entities, fields, rules and functions, in the order in which people meet them."""
    return {
        "title": title,
        "entities": [{
            "name": entity.name, "plural": entity.plural, "title": entity.title,
            "title_plural": entity.title_plural, "about": entity.about, "label": entity.label,
            "fields": [{
                "name": field.name, "title": field.title, "type": field.type,
                "required": field.required, "unique": field.unique,
                "choices": list(field.choices),
                "ref": next((e.plural for e in entities.values() if e.name == field.ref), None),
            } for field in entity.fields.values()],
            "computed": [f.name for f in entity.functions if f.computed],
            "totals": any(f.kind == "totals" for f in entity.functions),
            "rules": [{"id": rule.id, "kind": rule.kind, "words": rule.words}
                      for rule in entity.rules],
        } for entity in entities.values()],
        "functions": [{"name": f.name, "arguments": f.arguments, "what": f.what}
                      for f in functions.values() if f.kind not in ("label", "totals")],
    }


def describe(title, entities, functions):
    """GET /api/openapi.json."""
    paths, schemas = {}, {}
    for entity in entities.values():
        schemas[entity.name] = record_schema(entity)
        schemas[entity.name + "_new"] = input_schema(entity)
        paths.update(entity_paths(entity))
    for function in functions.values():
        if function.kind not in ("label", "totals"):
            paths["/api/functions/" + function.name] = {"post": operation(
                "call_" + function.name, function.what or function.name,
                {"200": answer("Its result", {"type": "object"})},
                body={"type": "object", "properties": {name: {} for name in function.arguments},
                      "required": list(function.arguments), "additionalProperties": False})}
    paths["/health"] = {"get": {"operationId": "health", "summary": "Is the service up?",
                                "security": [], "responses": {"200": {"description": "It is"}}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": "1"},
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "responses": {"Problem": {"description": "Refused, with reasons (RFC 9457)", "content": {
                "application/problem+json": {"schema": {"type": "object"}}}}},
        },
    }


def field_schema(field):
    schema = dict(field.schema(), title=field.title)
    if not field.required and "type" in schema:
        schema["type"] = [schema["type"], "null"]
        if "enum" in schema:
            schema["enum"] = schema["enum"] + [None]
    return schema


def input_schema(entity):
    schema = {
        "type": "object", "additionalProperties": False,
        "properties": {field.name: field_schema(field) for field in entity.fields.values()},
    }
    required = [field.name for field in entity.fields.values() if field.required]
    if required:
        schema["required"] = required
    return schema


def record_schema(entity):
    schema = input_schema(entity)
    computed = {f.name: {"readOnly": True} for f in entity.functions if f.computed}
    schema["properties"] = dict(
        {"id": {"type": "integer", "readOnly": True}, "version": {"type": "integer"}},
        **schema["properties"], **computed,
        created_at={"type": "string", "readOnly": True},
        updated_at={"type": "string", "readOnly": True})
    return schema


def answer(description, schema=None):
    if schema is None:
        return {"description": description}
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def operation(name, summary, responses, body=None, parameters=()):
    made = {"operationId": name, "summary": summary,
            "responses": dict(responses, default=PROBLEM)}
    if body is not None:
        made["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    if parameters:
        made["parameters"] = list(parameters)
    return made


def entity_paths(entity):
    one = {"$ref": "#/components/schemas/" + entity.name}
    new = {"$ref": "#/components/schemas/%s_new" % entity.name}
    match = {"name": "If-Match", "in": "header", "schema": {"type": "string"}}
    number = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
    patch = dict(input_schema(entity))
    patch.pop("required", None)
    query = [{"name": name, "in": "query", "schema": {"type": kind}} for name, kind in (
        ("q", "string"), ("sort", "string"), ("limit", "integer"), ("offset", "integer"))]
    query += [{"name": field.name, "in": "query", "schema": field.schema()}
              for field in entity.fields.values()]
    low, many = entity.title.lower(), entity.title_plural.lower()
    paths = {
        "/api/" + entity.plural: {
            "get": operation("list_" + entity.plural, "List, search and filter " + many,
                             {"200": answer("A page of them", {
                                 "type": "object", "properties": {
                                     "items": {"type": "array", "items": one},
                                     "total": {"type": "integer"}, "limit": {"type": "integer"},
                                     "offset": {"type": "integer"}}})}, parameters=query),
            "post": operation("create_" + entity.name, "Create a " + low,
                              {"201": answer("Created", one)}, new),
        },
        "/api/%s/{id}" % entity.plural: {
            "parameters": [number],
            "get": operation("get_" + entity.name, "Read a " + low, {"200": answer("It", one)}),
            "put": operation("replace_" + entity.name, "Replace a " + low,
                             {"200": answer("Changed", one)}, new, [match]),
            "patch": operation("change_" + entity.name, "Change fields of a " + low,
                               {"200": answer("Changed", one)}, patch, [match]),
            "delete": operation("delete_" + entity.name, "Delete a " + low,
                                {"204": answer("Deleted")}, parameters=[match]),
        },
    }
    if entity.numbers():
        paths["/api/%s/{id}/adjust" % entity.plural] = {
            "parameters": [number],
            "post": operation("adjust_" + entity.name, "Add to a number of a " + low,
                              {"200": answer("Changed", one)}, {
                                  "type": "object", "required": ["field", "by"],
                                  "additionalProperties": False, "properties": {
                                      "field": {"enum": [f.name for f in entity.numbers()]},
                                      "by": {"type": "number"},
                                      "version": {"type": "integer"}}}, [match])}
    if any(f.kind == "totals" for f in entity.functions):
        paths["/api/%s/totals" % entity.plural] = {"get": operation(
            "totals_" + entity.plural, "Totals over all " + many, {"200": answer("They")})}
    return paths
