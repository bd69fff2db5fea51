#pragma once
// What every command works with: where to print, whom to ask, and how the process will end.

#include <cstdint>
#include <iosfwd>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "clients/cpp/client.hpp"
#include "clients/psmovectl/style.hpp"

namespace psmove::client {

/// Scripts rely on these; psmovectl(1) lists them.
enum class ExitCode : std::uint8_t {
  ok = 0,
  refused = 1,
  usage = 2,
  unreachable = 3,
  not_ready = 4
};

struct Context {
  std::ostream& out;
  std::ostream& err;
  Style style;        ///< of `out`
  bool json = false;  ///< print what the server said
  ServerUrl url;
  ExitCode exit_code = ExitCode::ok;

  Context(std::ostream& output, std::ostream& errors, Style output_style)
      : out(output), err(errors), style(output_style) {}

  /// Whom to ask, with the token there is for it.
  [[nodiscard]] const ServerUrl& server();
  /// One client for the whole run.
  [[nodiscard]] Client& client();

 private:
  std::unique_ptr<Client> client_;
  bool has_looked_for_token_ = false;
};

/// Says on `err` what went wrong; for a controller that does not exist, which ones do.
/// @return what the process should end with
ExitCode report(Context& context, const Error& error);

/// The server's own words on one line, nothing for an empty body.
void print_json(Context& context, std::string_view body);

/// An Error for arguments that make no sense.
[[nodiscard]] Error usage_error(std::string message);

/// One controller for display: "left hand", or what the user typed where it is unknown.
[[nodiscard]] std::string name_of(std::span<const Controller> controllers, std::string_view id,
                                  std::string_view fallback);

/// The controllers that `which` means, for resources where the daemon takes one at a time: for
/// `all` those that `is_meant`, connected ones unless told otherwise; else the one itself.
[[nodiscard]] Answer<std::vector<std::string>> expanded(
    Context& context, const std::string& which,
    bool (*is_meant)(const Controller&) = [](const Controller& each) { return each.connected; });

/// Whether this word means every controller.
[[nodiscard]] inline bool is_all(std::string_view which) {
  return which == "all" || which == "*";
}

}  // namespace psmove::client
