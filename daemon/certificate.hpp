#pragma once
// The certificate that the daemon shows: where it is, and making one.

#include <filesystem>
#include <string>
#include <vector>

#include "api/tls.hpp"
#include "daemon/config.hpp"

namespace psmove::daemon {

/// What encrypts connections, of the files in the settings, else of the service's credentials
/// `psmoved-certificate` and `psmoved-key`. Neither a context nor anything wrong: nothing is
/// encrypted.
[[nodiscard]] api::LoadedTls load_encryption(const Config& config);

struct MadeCertificate {
  std::filesystem::path path;
  std::string fingerprint;
  std::string wrong;  ///< one sentence, and then nothing else
};

/// Makes certificate.pem and key.pem in the state directory; older ones are replaced.
[[nodiscard]] MadeCertificate make_self_signed(const std::filesystem::path& directory,
                                               const std::vector<std::string>& names);

/// What others call this machine: its host name, the same in `.local`, its addresses, and
/// localhost.
[[nodiscard]] std::vector<std::string> own_names();

}  // namespace psmove::daemon
