// No text makes the configuration parser crash, and a text it refuses changes nothing.

#include <cstdlib>
#include <string_view>

#include "daemon/config.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using psmove::daemon::Config;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Config config;
  const std::string wrong = psmove::daemon::apply_config_text(text, "fuzz.toml", config);
  const Config untouched;
  if (!wrong.empty() && (config.port != untouched.port || config.bind != untouched.bind ||
                         config.simulate != untouched.simulate))
    std::abort();
  return 0;
}
