"""The core: strict JSON, field types, records, queries, versions."""

from tests.support import AppTest
from tests.widgets import entities

FULL = {
    "name": "Bolt", "notes": "two\nlines", "count": 7, "weight": 0.125, "price": 12.5,
    "made_on": "2024-02-29", "opens": "09:30", "sold_at": "2024-03-01T10:00", "fragile": False,
    "contact": "a.b@example.org", "phone": "+49 30 123456", "page": "https://example.org/x?y=1",
    "state": "new", "maker": None,
}

REFUSED = {
    "name": [None, "", "   ", 7, True, "x" * 201, "a\u0000b", "a\u001bb", "a\nb", "\u202eabc",
             "a\u200bb", "\ud800", ["x"], {"a": 1}],
    "notes": ["x" * 10001, "a\u0007b", 5],
    "count": ["7", True, 1.5, 2 ** 53, -2 ** 53, 10 ** 30, [], {}],
    "weight": ["1", False, 0.0000001, 1e12, 10 ** 38],
    "price": ["12.50", True, 12.505, 1e15],
    "made_on": ["2023-02-29", "2024-13-01", "2024-1-1", "01.02.2024", 20240101, "2024-02-29 ",
                "0000-01-01", "2024-02-29T10:00", "\u0662024-01-01"],
    "opens": ["24:00", "9:30", "09:60", "09:30:00", 930],
    "sold_at": ["2024-02-30T10:00", "2024-02-01 10:00", "2024-02-01T10:00Z", "2024-02-01"],
    "fragile": ["true", 1, 0, "yes"],
    "contact": ["nobody", "a@b", "a b@example.org", "a@@example.org", ".a@example.org",
                "a..b@example.org", "a@-example.org", "a@example.org\nBcc: x@example.org", 5],
    "phone": ["call me", "12", "+" + "1" * 16, "1;2345", 4930123],
    "page": ["example.org", "javascript:alert(1)", "ftp://example.org", "http://", "http://a b/",
             "http://user:secret@example.org/", "http://example.org:x/", "https://exa<mple.org/"],
    "state": ["other", "", "NEW", 1, ["new"]],
    "maker": ["1", 0, -1, True, 1.0, 999, 2 ** 63],
}


class CoreTest(AppTest):
    ENTITIES = staticmethod(entities)

    def create_one(self, **changes):
        answer = self.call("POST", "/api/widgets", dict(FULL, **changes))
        self.assertEqual(answer.status, 201, answer)
        return answer.json


class FieldTest(CoreTest):
    def test_a_value_of_every_type_comes_back_as_it_was(self):
        record = self.create_one()
        for name, value in FULL.items():
            self.assertEqual(record[name], value, name)
        self.assertEqual(self.call("GET", "/api/widgets/%d" % record["id"]).json, record)

    def test_a_value_of_the_wrong_kind_is_refused_and_its_field_named(self):
        for name, values in REFUSED.items():
            for value in values:
                if name != "name" and value in ("", None):
                    continue  # empty means: no value
                answer = self.call("POST", "/api/widgets", dict(FULL, **{name: value}))
                self.assertEqual(answer.status, 422, "%s=%r: %r" % (name, value, answer))
                self.assertIn(name, answer.fields())
        self.assertEqual(self.call("GET", "/api/widgets").json["total"], 0)

    def test_every_field_at_fault_is_named_in_one_answer(self):
        answer = self.call("POST", "/api/widgets", {"count": "x", "price": True, "fun": 1})
        self.assertEqual(answer.status, 422)
        self.assertEqual(sorted(answer.fields()), ["count", "fun", "name", "price"])

    def test_optional_fields_may_be_left_out_or_null(self):
        answer = self.call("POST", "/api/widgets", {"name": "Nut", "count": None})
        self.assertEqual(answer.status, 201, answer)
        self.assertIsNone(answer.json["price"])

    def test_money_and_decimals_are_exact(self):
        record = self.create_one(price=0.1, weight=0.1)
        for _ in range(2):
            self.call("POST", "/api/widgets/%d/adjust" % record["id"], {"field": "price", "by": 0.1})
            self.call("POST", "/api/widgets/%d/adjust" % record["id"], {"field": "weight", "by": 0.1})
        record = self.call("GET", "/api/widgets/%d" % record["id"]).json
        self.assertEqual((record["price"], record["weight"]), (0.3, 0.3))

    def test_text_is_kept_in_one_unicode_form(self):
        self.assertEqual(self.create_one(name="  Cafe\u0301 ")["name"], "Caf\u00e9")

    def test_a_name_is_unique_where_it_must_be(self):
        self.assertEqual(self.call("POST", "/api/makers", {"name": "Acme"}).status, 201)
        answer = self.call("POST", "/api/makers", {"name": "Acme"})
        self.assertEqual((answer.status, answer.fields()), (409, ["name"]))
        answers = self.at_once(*[lambda: self.call("POST", "/api/makers", {"name": "Race"})] * 4)
        self.one_wins(answers)


class RecordTest(CoreTest):
    def test_put_replaces_the_whole_record(self):
        record = self.create_one()
        answer = self.call("PUT", "/api/widgets/%d" % record["id"], {"name": "New"})
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual((answer.json["name"], answer.json["price"]), ("New", None))
        self.assertEqual(answer.json["version"], 2)
        self.assertEqual(self.call("PUT", "/api/widgets/%d" % record["id"], {}).status, 422)

    def test_patch_changes_the_named_fields_only(self):
        record = self.create_one()
        answer = self.call("PATCH", "/api/widgets/%d" % record["id"], {"count": 8},
                           CONTENT_TYPE="application/merge-patch+json")
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual((answer.json["count"], answer.json["name"]), (8, "Bolt"))
        answer = self.call("PATCH", "/api/widgets/%d" % record["id"], {"name": None})
        self.assertEqual(answer.status, 422)

    def test_read_only_fields_cannot_be_set(self):
        record = self.create_one()
        for name in ("id", "created_at", "updated_at"):
            answer = self.call("PATCH", "/api/widgets/%d" % record["id"], {name: 5})
            self.assertEqual((answer.status, answer.fields()), (422, [name]))
        self.assertEqual(self.call("POST", "/api/widgets", dict(FULL, version=9)).status, 422)

    def test_a_deleted_record_is_gone_and_its_id_is_not_used_again(self):
        record = self.create_one()
        path = "/api/widgets/%d" % record["id"]
        answer = self.call("DELETE", path)
        self.assertEqual((answer.status, answer.raw), (204, b""))
        for method in ("GET", "DELETE"):
            self.assertEqual(self.call(method, path).status, 404)
        self.assertEqual(self.call("PATCH", path, {"count": 1}).status, 404)
        self.assertGreater(self.create_one()["id"], record["id"])

    def test_a_record_in_use_is_not_deleted(self):
        maker = self.call("POST", "/api/makers", {"name": "Acme"}).json
        record = self.create_one(maker=maker["id"])
        answer = self.call("DELETE", "/api/makers/%d" % maker["id"])
        self.assertEqual(answer.status, 409, answer)
        self.call("DELETE", "/api/widgets/%d" % record["id"])
        self.assertEqual(self.call("DELETE", "/api/makers/%d" % maker["id"]).status, 204)

    def test_a_stale_version_is_refused(self):
        record = self.create_one()
        path = "/api/widgets/%d" % record["id"]
        answer = self.call("PATCH", path, {"count": 1}, HTTP_IF_MATCH='"1"')
        self.assertEqual((answer.status, answer.headers["ETag"]), (200, '"2"'))
        self.assertEqual(self.call("PATCH", path, {"count": 2}, HTTP_IF_MATCH='"1"').status, 412)
        self.assertEqual(self.call("DELETE", path, HTTP_IF_MATCH='"1"').status, 412)
        self.assertEqual(self.call("PATCH", path, {"count": 2, "version": 1}).status, 409)
        self.assertEqual(self.call("PATCH", path, {"count": 2, "version": 2}).status, 200)
        self.assertEqual(self.call("PATCH", path, {"count": 3}, HTTP_IF_MATCH="*").status, 200)
        self.assertEqual(self.call("PATCH", path, {"count": 3}, HTTP_IF_MATCH="junk").status, 400)

    def test_of_two_changes_of_one_version_one_wins(self):
        record = self.create_one()
        path = "/api/widgets/%d" % record["id"]
        answers = self.at_once(*[
            lambda n=n: self.call("PATCH", path, {"count": n, "version": 1}) for n in range(4)])
        self.one_wins(answers, won=200)

    def test_adjustments_at_once_all_count(self):
        record = self.create_one(count=0)
        path = "/api/widgets/%d/adjust" % record["id"]
        answers = self.at_once(*[
            lambda: self.call("POST", path, {"field": "count", "by": 5})] * 6)
        self.assertEqual([answer.status for answer in answers], [200] * 6, answers)
        self.assertEqual(self.call("GET", "/api/widgets/%d" % record["id"]).json["count"], 30)

    def test_an_adjustment_that_makes_no_sense_is_refused(self):
        record = self.create_one(count=None)
        path = "/api/widgets/%d/adjust" % record["id"]
        for body in ({}, {"field": "name", "by": 1}, {"field": "price", "by": "1"},
                     {"field": "price", "by": 0.001}, {"field": "price", "by": True},
                     {"field": ["price"], "by": 1}, {"field": "price", "by": 1, "more": 1},
                     {"field": "price", "by": 1e14}):
            self.assertEqual(self.call("POST", path, body).status, 422, body)
        self.assertEqual(self.call("POST", path, {"field": "count", "by": 1}).status, 409)


class QueryTest(CoreTest):
    def setUp(self):
        super().setUp()
        for at in range(5):
            self.create_one(name="Widget %d" % at, count=4 - at, fragile=at % 2 == 0, phone=None,
                            notes="100% ÄPFEL_" if at == 3 else None)

    def names(self, query):
        answer = self.call("GET", "/api/widgets?" + query)
        self.assertEqual(answer.status, 200, answer)
        return [item["name"][-1] for item in answer.json["items"]]

    def test_pages_tell_the_total(self):
        page = self.call("GET", "/api/widgets?limit=2&offset=4").json
        self.assertEqual((len(page["items"]), page["total"], page["limit"], page["offset"]),
                         (1, 5, 2, 4))
        self.assertEqual(self.names("offset=99"), [])

    def test_records_are_sorted_both_ways(self):
        self.assertEqual(self.names("sort=count"), list("43210"))
        self.assertEqual(self.names("sort=-count&limit=2"), list("01"))

    def test_records_are_filtered_by_field(self):
        self.assertEqual(self.names("fragile=true"), list("024"))
        self.assertEqual(self.names("fragile=true&count=2"), ["2"])
        self.assertEqual(self.names("price=12.50&count=4"), ["0"])
        self.assertEqual(self.names("notes="), list("0124"))

    def test_search_finds_words_in_any_case_and_takes_signs_literally(self):
        self.assertEqual(self.names("q=widget%203"), ["3"])
        self.assertEqual(self.names("q=%C3%A4pfel"), ["3"])
        self.assertEqual(self.names("q=100%25"), ["3"])
        self.assertEqual(self.names("q=%25"), ["3"])
        self.assertEqual(self.names("q=l_"), ["3"])
        self.assertEqual(self.names("q=no%27thing"), [])

    def test_a_query_that_makes_no_sense_is_refused(self):
        for query in ("limit=0", "limit=201", "limit=x", "limit=-1", "offset=-1", "offset=1e3",
                      "sort=secret", "sort=name;drop", "colour=red", "count=x", "fragile=1",
                      "limit=1&limit=2", "q=" + "x" * 201, "q=%ff", "q=%00", "limit", "&&",
                      "limit=%D9%A1", "state=other", "made_on=2023-02-29"):
            self.assertEqual(self.call("GET", "/api/widgets?" + query).status, 400, query)
        self.assertEqual(self.call("GET", "/api/widgets?q=" + "x" * 5000).status, 414)


class DescriptionTest(CoreTest):
    def test_openapi_describes_every_route_and_field(self):
        described = self.call("GET", "/api/openapi.json").json
        self.assertEqual(described["openapi"], "3.1.0")
        for path in ("/api/widgets", "/api/widgets/{id}", "/api/widgets/{id}/adjust", "/api/makers"):
            self.assertIn(path, described["paths"])
        self.assertEqual(set(described["components"]["schemas"]["widget_new"]["properties"]), set(FULL))

    def test_the_page_learns_the_fields_from_the_api(self):
        about = self.call("GET", "/api").json
        self.assertEqual([entity["plural"] for entity in about["entities"]], ["makers", "widgets"])
        self.assertEqual(about["entities"][1]["fields"][0]["name"], "name")
