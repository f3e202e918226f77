/* What no request to a route could fulfil is found at load. What requests come to is on the wire:
   script_sdk_replies.py, script_sdk_hostile.py. */
#include "unit.h"
#include "web/application.h"

#define POINT(F) F(i64, x) F(i64, y, .alias = "why") F(i64, z, .def = 0) F(i64, w, .opt = true)
CGW_MODEL(Point, POINT)
#define BOX(F) F(i64, x) F(model(Point), corner, .opt = true)
CGW_MODEL(Box, BOX)
#define BOXES(F) F(models(Point), corners, .opt = true)
CGW_MODEL(Boxes, BOXES)

#define SCAN(F) F(str, title) F(upload, file)
CGW_MODEL(Scan, SCAN)
#define SCANS(F) F(models(Scan), all, .opt = true)
CGW_MODEL(Scans, SCANS)
#define PAGES(F) F(list(upload), pages)
CGW_MODEL(Pages, PAGES)

static const struct cgw_router outer = {.name = "outer", .prefix = "/{x}"};
static const struct cgw_router inner = {.name = "inner", .prefix = "/in", .parent = &outer};

static const struct {
    struct cgw_endpoint endpoint;
    const char *fault; /* NULL: none */
} rows[] = {
    {{.path = "/", .params = Point_model, .headers = Point_model, .cookies = Point_model}, NULL},
    {{.path = "/{x}/{why:int}", .path_params = Point_model}, NULL},
    {{.path = "/{why}", .path_params = Point_model, .router = &inner}, NULL},
    {{.path = "/{x}", .path_params = Point_model}, "Point.y: the path has no such parameter"},
    {{.path = "/{y}/{why}/{xx}/x}", .path_params = Point_model},
     "Point.x: the path has no such parameter"},
    {{.path = "/", .params = Box_model}, "Box.corner: a parameter is text, no object"},
    {{.path = "/", .headers = Boxes_model}, "Boxes.corners: a parameter is text, no object"},
    {{.path = "/", .cookies = Box_model}, "Box.corner: a parameter is text, no object"},
    {{.path = "/{x}", .path_params = Box_model}, "Box.corner: a parameter is text, no object"},
    {{.path = "/", .body = Boxes_model}, NULL},
    {{.path = "/", .form = Scan_model}, NULL},
    {{.path = "/", .form = Pages_model}, NULL},
    {{.path = "/", .form = Box_model}, "Box.corner: a parameter is text, no object"},
    {{.path = "/", .body = Scan_model}, "Scan.file: an upload comes with a form alone, .form"},
    {{.path = "/", .body = Scans_model}, "Scan.file: an upload comes with a form alone, .form"},
    {{.path = "/", .params = Pages_model}, "Pages.pages: an upload comes with a form alone, .form"},
    {{.path = "/", .reply_list = Scan_model},
     "Scan.file: an upload comes with a form alone, .form"},
};

START_TEST(finds_what_cannot_be_bound)
{
    struct arena arena;
    arena_init(&arena, NULL, 0);
    ck_assert_pstr_eq(bind_fault(&arena, &rows[_i].endpoint), rows[_i].fault);
    arena_fini(&arena);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("bind");
    TCase *tests = tcase_create("bind");
    tcase_add_loop_test(tests, finds_what_cannot_be_bound, 0, sizeof(rows) / sizeof(rows[0]));
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
