#include "daemon/certificate.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <climits>
#include <cstdlib>
#include <ifaddrs.h>
#include <memory>
#include <netinet/in.h>
#include <optional>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include "daemon/replace_file.hpp"

namespace psmove::daemon {
namespace {

namespace fs = std::filesystem;

constexpr const char* self_signed = "self-signed";
constexpr const char* remedy =
    "set tls_certificate and tls_key, or make one with psmoved --make-certificate and set "
    "tls_certificate = \"self-signed\"";

struct Files {
  fs::path certificate, key;
};

Files self_signed_in(const fs::path& directory) {
  return {.certificate = directory / "certificate.pem", .key = directory / "key.pem"};
}

/// What systemd was told to hand over (systemd.exec(5), LoadCredential=).
std::optional<Files> credentials() {
  const char* directory = std::getenv("CREDENTIALS_DIRECTORY");
  if (directory == nullptr) return std::nullopt;
  Files files{.certificate = fs::path(directory) / "psmoved-certificate",
              .key = fs::path(directory) / "psmoved-key"};
  std::error_code ignored;
  if (!fs::exists(files.certificate, ignored)) return std::nullopt;
  return files;
}

api::LoadedTls no_tls(std::string wrong) {
  return {.context = {}, .fingerprint = {}, .warning = {}, .wrong = std::move(wrong)};
}

/// Neither loopback's nor those that are good on one cable only.
std::string lasting_address(const sockaddr* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address == nullptr) return {};
  if (address->sa_family == AF_INET) {
    const auto& four = reinterpret_cast<const sockaddr_in*>(address)->sin_addr;
    if (ntohl(four.s_addr) >> 24U == 127) return {};
    return ::inet_ntop(AF_INET, &four, text.data(), text.size());
  }
  if (address->sa_family != AF_INET6) return {};
  const auto& six = reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
  if (IN6_IS_ADDR_LOOPBACK(&six) || IN6_IS_ADDR_LINKLOCAL(&six)) return {};
  return ::inet_ntop(AF_INET6, &six, text.data(), text.size());
}

}  // namespace

api::LoadedTls load_encryption(const Config& config) {
  if (config.tls == Tls::off) return {};
  if (config.tls_certificate == self_signed) {
    if (!config.tls_key.empty())
      return no_tls(
          "tls_key goes with a certificate of your own; leave it out beside "
          "tls_certificate = \"self-signed\"");
    const Files files = self_signed_in(config.state_dir);
    std::error_code ignored;
    if (!fs::exists(files.certificate, ignored))
      return no_tls("there is no " + files.certificate.string() +
                    " yet; make it with psmoved --make-certificate");
    return api::load_tls(files.certificate, files.key);
  }
  if (config.tls_certificate.empty() != config.tls_key.empty())
    return no_tls(std::string(config.tls_key.empty() ? "tls_key" : "tls_certificate") +
                  " is missing: a certificate and its key go together");
  if (!config.tls_certificate.empty()) return api::load_tls(config.tls_certificate, config.tls_key);
  if (const auto files = credentials()) return api::load_tls(files->certificate, files->key);
  if (config.tls) return no_tls(std::string("tls is set and there is no certificate; ") + remedy);
  return {};
}

MadeCertificate make_self_signed(const fs::path& directory, const std::vector<std::string>& names) {
  const auto made = api::make_certificate(names);
  if (!made.wrong.empty()) return {.path = {}, .fingerprint = {}, .wrong = made.wrong};
  const Files files = self_signed_in(directory);
  std::string wrong = replace_file(files.key, made.key, owner_only);
  if (wrong.empty())
    wrong = replace_file(files.certificate, made.certificate, for_everybody_to_read);
  if (!wrong.empty()) return {.path = {}, .fingerprint = {}, .wrong = std::move(wrong)};
  sync(files.key);
  sync(files.certificate);
  sync(directory);
  return {.path = files.certificate, .fingerprint = made.fingerprint, .wrong = {}};
}

std::vector<std::string> own_names() {
  std::vector<std::string> names;
  const auto add = [&names](const std::string& name) {
    if (api::is_certificate_name(name) &&
        std::find(names.begin(), names.end(), name) == names.end())
      names.push_back(name);
  };
  std::array<char, HOST_NAME_MAX + 1> host{};
  if (::gethostname(host.data(), host.size() - 1) == 0) {
    const std::string name = host.data();
    add(name);
    add(name.substr(0, name.find('.')) + ".local");
  }
  ifaddrs* found = nullptr;
  if (::getifaddrs(&found) == 0) {
    const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> all(found, ::freeifaddrs);
    for (const auto* each = all.get(); each != nullptr; each = each->ifa_next)
      add(lasting_address(each->ifa_addr));
  }
  for (const char* loopback : {"localhost", "127.0.0.1", "::1"}) add(loopback);
  return names;
}

}  // namespace psmove::daemon
