// Raw bytes through head, access and body: nothing crashes, and what is taken keeps its promises.
// What comes behind, routes and queries, has routing_fuzz.cpp.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "api/accept.hpp"
#include "api/access.hpp"
#include "api/request_body.hpp"
#include "api/request_head.hpp"

namespace {

using namespace psmove;

void require(bool claim) {
  if (!claim) std::abort();
}

void read_body(const api::RequestHead& head, std::string_view input) {
  constexpr std::size_t limit = 1024;
  api::BodyReader reader(limit, head);
  while (!reader.is_done()) {
    const auto used = reader.put(input);
    if (!used) return;
    require(*used <= input.size());
    input.remove_prefix(*used);
    if (*used == 0 || input.empty()) break;
  }
  if (!reader.is_done()) return;
  const auto body = reader.take();
  require(body.size() <= limit);
  require(head.is_chunked || body.size() == head.content_length.value_or(0));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const api::Access access({"move.local"}, {"10.0.0.1"}, {"https://stage.example"});
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const api::HeadLimits limits{1024, 16, 256};
  const auto extent = api::head_extent(input, limits);
  if (!extent || extent->length == 0) return 0;
  require(extent->skipped + extent->length <= size && extent->length <= limits.bytes);
  const auto text = input.substr(extent->skipped);
  const auto head = api::read_head(text.substr(0, extent->length), limits);
  if (!head) return 0;
  require(head->target.size() <= limits.target_bytes && head->fields().size() <= limits.fields);
  require(!(head->is_chunked && head->content_length));
  require(head->has_host || head->minor_version == 0);
  if (!access.refuse(*head, "127.0.0.1")) {
    const auto host = api::parse_authority(head->host);
    require(!head->has_host || (host && !host->name.empty()));
  }
  const auto accept = head->find("accept").value_or("");
  require(api::accepts(accept, "text/event-stream") || !accept.empty());
  require(!api::prefers_openmetrics(accept) || accept.size() >= 28);  // it names the type
  if (head->has_body()) read_body(*head, text.substr(extent->length));
  return 0;
}
