/* expect: unused-result|ignoring return value */
#include <cgw.h>

CGW_POST(note, "/notes")
{
    cgw_str text = {"", 0};
    cgw_body_text(req, &text);
    return cgw_text(req, 200, "%zu bytes", text.len);
}
