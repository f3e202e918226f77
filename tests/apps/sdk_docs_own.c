/* A route of the application's where the page would be, and another one beside it; a document where
   a mount could be. */
#include <cgw.h>

CGW_GET(own_docs, "/docs")
{
    return cgw_text(req, 200, "own page");
}

CGW_POST(own_document, "/openapi.json")
{
    return cgw_text(req, 200, "own document");
}

CGW_GET(all, "/{rest:path}")
{
    return cgw_text(req, 200, "rest %s", cgw_path(req, "rest"));
}
