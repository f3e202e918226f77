/* Document and page where the application wants them; paths of its own where they usually are; and
   credentials asked of every request, which are not asked for these two. */
#include <cgw.h>

typedef struct Guard {
    int n;
} Guard;
CGW_DEPENDS(Guard, guard)
{
    return 401;
}

CGW_APPLICATION(.name = "moved", .openapi = "/api/schema.json", .docs = "/help/api/docs",
                .depends = CGW_USES(guard), .mode = CGW_SYNC);

CGW_GET(own_docs, "/docs")
{
    return cgw_text(req, 200, "own");
}
