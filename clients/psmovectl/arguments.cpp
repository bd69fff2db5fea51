// Declarations of the shared arguments.

#include "clients/psmovectl/arguments.hpp"

namespace psmove::client {

void add_ownership(Verb& verb, int& priority, std::string& lease) {
  verb.option("--priority", priority, "The highest shows; 0 unless told otherwise");
  verb.option("--lease", "TIME", lease, "Everything this client holds ends after so long");
}

std::vector<Controller> controllers_if(Context& context, bool is_needed) {
  if (!is_needed) return {};
  auto controllers = context.client().controllers();
  return controllers ? *std::move(controllers) : std::vector<Controller>();
}

}  // namespace psmove::client
