// Any bytes as a client's message in CBOR: refused, or something that JSON could say as well and
// that survives the way there and back; and every answer is JSON.

#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>

#include "api/wire/cbor.hpp"
#include "api/wire/stream_messages.hpp"

namespace {

using namespace psmove::wire;

void require(bool claim) {
  if (!claim) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(data, data + size);
  if (const auto item = parse_cbor(bytes)) {
    const auto again = parse_cbor(cbor_of_json(item->dump()));
    require(again && *again == *item);
  }
  const auto message = parse_client_cbor(bytes);
  if (!message.request)
    require(nlohmann::json::accept(error_message(message.to, message.request.error())));
  return 0;
}
