// No line makes psmoved-bluez crash or understand what it was not told: what it takes, it can say
// again. The same for its answers, for the texts of input.conf, and for service records.

#include <cstdlib>
#include <string>
#include <string_view>

#include "bluez/input_conf.hpp"
#include "bluez/request.hpp"
#include "bluez/sdp_record.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace psmove::bluez;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::string trouble;
  if (const auto request = parse_request(text, trouble)) {
    if (parse_request(to_line(*request), trouble) != request) std::abort();
  } else if (trouble.empty()) {
    std::abort();
  }
  if (const auto answer = parse_answer(text))
    if (to_line(*answer).size() >= longest_line + 64 ||
        to_line(*answer).find('\n') != std::string::npos)
      std::abort();
  if (bonded_only(with_unbonded_allowed(text)) != false) std::abort();
  static_cast<void>(with_our_change_undone(text));
  static_cast<void>(declared_input(Bytes(data, data + size)));
  return 0;
}
