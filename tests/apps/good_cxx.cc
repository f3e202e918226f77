// The interface from C++17, as strict as compilers are.
#include <cgw/abi.h>

namespace
{
const cgw_header headers[] = {CGW_HEADER("content-type", "text/plain"),
                              CGW_HEADER("content-length", "4")};
const cgw_str parts[] = {CGW_STR("c++\n")};

void end(cgw_call *call, int status, void *)
{
    call->host->finish(call, status);
}

void call(cgw_call *call)
{
    auto *events = static_cast<cgw_event *>(call->host->alloc(call, 2 * sizeof(cgw_event)));
    if (!events)
        return end(call, CGW_ENOMEM, nullptr);
    events[0] = cgw_event_start(200, headers, 2);
    events[1] = cgw_event_body(parts, 1, 0);
    int status = call->host->send(call, events, 2, end, nullptr);
    if (status != CGW_PENDING)
        end(call, status, nullptr);
}
} // namespace

CGW_APP_CXX(CGW_ASYNC, 0, "good_cxx", "1.0", call);
