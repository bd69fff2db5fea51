// psmovectl status: how the daemon is, on one screen.

#include <algorithm>
#include <chrono>
#include <csignal>
#include <memory>
#include <optional>
#include <ostream>
#include <unistd.h>

#include "clients/psmovectl/commands.hpp"
#include "clients/psmovectl/context.hpp"
#include "clients/psmovectl/status_view.hpp"
#include "clients/psmovectl/terminal.hpp"
#include "clients/psmovectl/verb.hpp"

namespace psmove::client {
namespace {

constexpr std::chrono::milliseconds look_interval{1000};

struct Look {
  StatusPicture picture;
  std::string json;  ///< what the daemon said, in one object

  [[nodiscard]] ExitCode code() const {
    return picture.waits_for.empty() ? ExitCode::ok : ExitCode::not_ready;
  }
};

Error no_status() {
  return {ErrorKind::not_psmoved, "the answer is no status of psmoved", 0, {}, {}, {}};
}

/// Asks for everything. What a part of it has to say against that, as without Bluetooth, is part of
/// the picture.
Answer<Look> look(Context& context) {
  Client& client = context.client();
  const auto root = client.request("GET", "/api/v1");
  if (!root) return root.error();
  auto daemon = parse_daemon(*root);
  if (!daemon) return no_status();
  const auto ready = client.request("GET", "/readyz");
  if (!ready && ready.error().kind != ErrorKind::refused) return ready.error();
  const std::string readiness = ready ? *ready : ready.error().body;
  const auto controllers = client.request("GET", "/api/v1/controllers");
  if (!controllers) return controllers.error();
  auto known = parse_controllers(*controllers);
  if (!known) return no_status();
  const auto adapters = client.request("GET", "/api/v1/adapters");
  if (!adapters && adapters.error().kind != ErrorKind::refused) return adapters.error();
  const auto pairings = client.request("GET", "/api/v1/pairing");
  if (!pairings && pairings.error().kind != ErrorKind::refused) return pairings.error();

  Look seen;
  seen.picture.server = context.url.text();
  seen.picture.daemon = *std::move(daemon);
  if (!ready) {
    seen.picture.waits_for = parse_not_ready(readiness);
    if (seen.picture.waits_for.empty()) seen.picture.waits_for = ready.error().message;
  }
  seen.picture.controllers = *std::move(known);
  if (adapters)
    seen.picture.adapters = parse_adapters(*adapters);
  else
    seen.picture.why_no_adapters = adapters.error().message;
  if (pairings) seen.picture.pairings = parse_pairings(*pairings).value_or(std::vector<Pairing>());
  const auto or_null = [](const Answer<std::string>& answer) {
    return answer ? *answer : std::string("null");
  };
  seen.json = R"({"daemon":)" + *root + R"(,"readiness":)" +
              (readiness.empty() ? "null" : readiness) + R"(,"controllers":)" + *controllers +
              R"(,"adapters":)" + or_null(adapters) + R"(,"pairing":)" + or_null(pairings) + "}";
  return seen;
}

void print(Context& context, const Look& seen) {
  if (context.json) return print_json(context, seen.json);
  for (const auto& line : render_status(seen.picture, context.style)) context.out << line << '\n';
}

ExitCode once(Context& context) {
  const auto seen = look(context);
  if (!seen) return report(context, seen.error());
  print(context, *seen);
  return seen->code();
}

/// Until somebody ends it. While the daemon is away it says so and looks for it.
class StatusWatch {
 public:
  explicit StatusWatch(Context& context) : context_(context) {}

  ExitCode run() {
    const auto first = look(context_);
    if (!first) return report(context_, first.error());
    const SignalEvents signals;
    std::optional<Terminal> terminal;
    if (!context_.json && Terminal::is_available()) terminal.emplace();
    show(first, terminal);
    while (!is_over_) {
      const auto wakeup =
          wait_for_events(signals.descriptor(), terminal ? STDIN_FILENO : -1, -1, look_interval);
      if (wakeup.is_signal && should_end(signals)) break;
      if (wakeup.is_key && is_quit()) break;
      show(look(context_), terminal);
    }
    return ExitCode::ok;
  }

 private:
  static bool should_end(const SignalEvents& signals) {
    while (const auto signal = signals.take())
      if (*signal != SIGWINCH) return true;
    return false;
  }
  static bool is_quit() {
    const auto typed = Terminal::typed();
    return !typed || typed->find_first_of("q\x03") != std::string::npos;
  }

  void show(const Answer<Look>& seen, const std::optional<Terminal>& terminal) {
    if (terminal) return draw(seen, *terminal);
    if (!seen) {
      if (!is_away_) context_.err << "psmovectl: " << seen.error().message << "; trying again\n";
      is_away_ = true;
      return;
    }
    is_away_ = false;
    if (!context_.json && has_shown_) context_.out << '\n';
    has_shown_ = true;
    print(context_, *seen);
    if (!context_.out.flush()) is_over_ = true;
  }

  void draw(const Answer<Look>& seen, const Terminal& terminal) {
    const auto size = Terminal::size();
    Style style = context_.style;
    style.columns = size.columns;
    std::vector<std::string> lines;
    if (seen)
      lines = render_status(seen->picture, style);
    else
      lines = {warning(printable(seen.error().message + "; trying again", style), style)};
    const auto rows = static_cast<std::size_t>(std::max(size.rows, 1));
    if (lines.size() > rows) lines.resize(rows);
    if (!terminal.draw(lines)) is_over_ = true;
  }

  Context& context_;
  bool is_over_ = false;
  bool is_away_ = false;
  bool has_shown_ = false;
};

}  // namespace

void add_status(CLI::App& app, Context& context) {
  Verb verb(app, "status",
            "Show how the daemon is: controllers, radios, clients, and what it waits for",
            "Ends with 0 where psmoved is ready, 4 where it is not yet, 3 where it is not there.\n"
            "With --watch, q ends.\n"
            "Examples:\n"
            "  psmovectl status\n"
            "  psmovectl status --watch\n"
            "  psmovectl status --json | jq .daemon.clients");
  auto watches = std::make_shared<bool>(false);
  verb.flag("--watch", *watches, "Look again every second");
  verb.action([&context, watches] {
    context.exit_code = *watches ? StatusWatch(context).run() : once(context);
  });
}

}  // namespace psmove::client
