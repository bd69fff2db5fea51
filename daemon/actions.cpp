#include "daemon/actions.hpp"

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "api/tokens.hpp"
#include "daemon/certificate.hpp"
#include "daemon/listening.hpp"
#include "daemon/state_file.hpp"
#include "daemon/token_file.hpp"
#include "drivers/clock.hpp"

namespace psmove::daemon {
namespace {

/// Where it listens on behalf of the service, and where the service keeps its state.
constexpr const char* service_socket = "/run/psmoved/psmoved.sock";
constexpr const char* service_state_dir = "/var/lib/psmoved";

}  // namespace

int fail(int code, const std::string& sentence) {
  std::fprintf(stderr, "psmoved: %s\n", sentence.c_str());
  return code;
}

int create_token(const Parsed& parsed) {
  const auto& directory = parsed.config.state_dir;
  if (const std::string wrong = StateFile(directory).prepare(); !wrong.empty())
    return fail(exit_failure, wrong);
  TokenFile file(directory);
  if (!file.lock())
    return fail(exit_failure, "psmoved runs with the state directory " + directory.string() +
                                  "; ask it: psmovectl token create NAME");
  ReadTokens known = load_all_tokens(file);
  if (!known.wrong.empty()) return fail(exit_config, known.wrong);
  api::Tokens tokens([&file](const auto& all) { return file.save(all); });
  tokens.restore(std::move(known.tokens));
  const auto secret =
      tokens.create(parsed.token_name, parsed.token_scope, drivers::UnixClock().now_us());
  if (!secret) return fail(exit_failure, secret.error().detail);
  std::puts(secret->c_str());
  return 0;
}

int make_certificate(const Parsed& parsed) {
  const auto& directory = parsed.config.state_dir;
  if (const std::string wrong = StateFile(directory).prepare(); !wrong.empty())
    return fail(exit_failure, wrong);
  const auto names = parsed.certificate_names.empty() ? own_names() : parsed.certificate_names;
  const auto made = make_self_signed(directory, names);
  if (!made.wrong.empty()) return fail(exit_failure, made.wrong);
  std::printf("certificate  %s\nSHA-256      %s\nfor         ", made.path.c_str(),
              made.fingerprint.c_str());
  for (const auto& name : names) std::printf(" %s", name.c_str());
  std::puts("");
  return 0;
}

int check_config(const Config& config) {
  namespace fs = std::filesystem;
  std::error_code hidden;
  // An ordinary user means the service, where there is one, and not a start of their own.
  const bool is_the_services = ::geteuid() != 0 && config.state_dir == default_state_dir() &&
                               fs::is_directory(service_state_dir, hidden);
  const TokenFile token_file(is_the_services ? service_state_dir : config.state_dir);
  // Its directory may be for its owner alone, and then it cannot even be said whether it is there.
  const bool may_look = ::access(token_file.path().c_str(), R_OK) == 0 || errno != EACCES;
  const bool has_sockets_from_systemd = fs::is_socket(service_socket, hidden);
  if (may_look) {
    const ReadTokens known = load_all_tokens(token_file);
    if (!known.wrong.empty()) return fail(exit_config, known.wrong);
    const std::string wrong = judge_exposure(config, {}, !known.tokens.empty());
    if (!wrong.empty() && !has_sockets_from_systemd) return fail(exit_config, wrong);
  }
  if (const auto access = socket_access(config); !access.wrong.empty())
    return fail(exit_config, access.wrong);
  if (const auto encryption = load_encryption(config); !encryption.wrong.empty())
    return fail(exit_config, encryption.wrong);
  std::puts("psmoved: the configuration is fine");
  if (has_sockets_from_systemd)
    std::puts(
        "psmoved: on what systemd lets the service listen, and whether that takes a token, was not "
        "looked at");
  if (!may_look)
    std::printf("psmoved: %s may not be read by this user, so the tokens were not looked at\n",
                token_file.path().c_str());
  return 0;
}

}  // namespace psmove::daemon
