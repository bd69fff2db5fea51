#include "api/wire/bluetooth_json.hpp"

#include "api/wire/json_members.hpp"

namespace psmove::wire {

std::string adapters_body(std::span<const Adapter> adapters) {
  std::string out = "[";
  for (const Adapter& adapter : adapters) {
    if (out.size() > 1) out += ',';
    out += '{';
    text_member(out, "address", to_string(adapter.address));
    text_member(out, "name", adapter.name);
    text_member(out, "alias", adapter.alias);
    bool_member(out, "powered", adapter.powered);
    bool_member(out, "discoverable", adapter.discoverable);
    bool_member(out, "pairable", adapter.pairable);
    key(out, "controllers");
    out += '[';
    for (const Address& controller : adapter.controllers) {
      if (out.back() != '[') out += ',';
      append_quoted(out, to_string(controller));
    }
    out += "]}";
  }
  out += ']';
  return out;
}

}  // namespace psmove::wire
