// psmovectl watch [WHICH]: the controllers, live. On a terminal a picture; elsewhere lines. When
// the daemon goes away it says so and tries again until it is back.

#include <chrono>
#include <csignal>
#include <memory>
#include <optional>
#include <ostream>
#include <unistd.h>

#include "clients/cpp/stream_client.hpp"
#include "clients/psmovectl/commands.hpp"
#include "clients/psmovectl/context.hpp"
#include "clients/psmovectl/terminal.hpp"
#include "clients/psmovectl/verb.hpp"
#include "clients/psmovectl/watch_view.hpp"

namespace psmove::client {
namespace {

using SteadyClock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds frame_interval{50};    // as often as eyes follow
constexpr milliseconds line_interval{200};    // per controller, for people who read lines
constexpr milliseconds retry_interval{1000};  // while the daemon is away

struct WatchArguments {
  std::string which = "all";
  double rate_hz = 0;  ///< 0: every sample as JSON, a readable rate otherwise
  bool is_ascii = false;
};

/// The connection, and when to try for the next one.
class Feed {
 public:
  Feed(const ServerUrl& url, SubscribeRequest request) : url_(url), request_(std::move(request)) {}

  /// @return the reason why there is no connection, or nullopt where there is one now
  std::optional<Error> connect() {
    next_try_ = SteadyClock::now() + retry_interval;
    auto stream = StreamClient::connect(url_, {}, {.connect = milliseconds(2000)});
    if (!stream) return stream.error();
    if (auto error = stream->send(subscribe_request(request_))) return error;
    stream_.emplace(*std::move(stream));
    return std::nullopt;
  }

  void drop() {
    stream_.reset();
    next_try_ = SteadyClock::now() + retry_interval;
  }

  [[nodiscard]] bool is_due() const { return !stream_ && SteadyClock::now() >= next_try_; }
  [[nodiscard]] int descriptor() const { return stream_ ? stream_->descriptor() : -1; }
  [[nodiscard]] StreamClient* stream() { return stream_ ? &*stream_ : nullptr; }

 private:
  ServerUrl url_;
  SubscribeRequest request_;
  std::optional<StreamClient> stream_;
  SteadyClock::time_point next_try_{};
};

SubscribeRequest subscription(const Context& context, const WatchArguments& arguments,
                              bool is_picture) {
  SubscribeRequest request;
  request.id = "watch";
  request.controllers = {is_all(arguments.which) ? "*" : arguments.which};
  request.topics = {"motion", "controller", "battery", "output"};
  if (is_picture) {
    // Every sample counts for the rate and the loss; their messages need not come one by one.
    request.policy = "window";
    request.max_rate_hz = arguments.rate_hz > 0 ? arguments.rate_hz : 20;
  } else {
    request.topics.emplace_back("button");
    if (arguments.rate_hz > 0)
      request.max_rate_hz = arguments.rate_hz;
    else if (!context.json)
      request.max_rate_hz = 1000.0 / line_interval.count();
  }
  return request;
}

/// What the subscription itself ran into, as an Error; nullopt for every other message.
std::optional<Error> refusal(const Message& message, const std::string& json) {
  if (message.kind != Message::Kind::error) return std::nullopt;
  return Error{ErrorKind::refused,
               message.detail.empty() ? message.code : message.detail,
               0,
               message.code,
               {},
               json};
}

// ---- lines

class LineWatch {
 public:
  LineWatch(Context& context, Feed& feed) : context_(context), feed_(feed) {}

  ExitCode run() {
    const SignalEvents signals;
    if (auto error = feed_.connect()) return report(context_, *error);
    while (true) {
      if (auto code = drain()) return *code;
      if (!context_.out.flush()) return ExitCode::ok;
      const auto wakeup =
          wait_for_events(signals.descriptor(), -1, feed_.descriptor(), retry_interval);
      if (wakeup.is_signal && should_end(signals)) return ExitCode::ok;
      if (feed_.is_due() && !feed_.connect()) context_.err << "psmovectl: connected again\n";
    }
  }

 private:
  static bool should_end(const SignalEvents& signals) {
    while (const auto signal = signals.take())
      if (*signal != SIGWINCH) return true;
    return false;
  }

  /// Prints all that has come. @return how to end, where it is time to
  std::optional<ExitCode> drain() {
    while (auto* stream = feed_.stream()) {
      const auto text = stream->receive(milliseconds(0));
      if (!text) {
        context_.err << "psmovectl: " << text.error().message << "; trying again\n";
        model_.forget_all();
        feed_.drop();
        return std::nullopt;
      }
      if (!*text) return std::nullopt;
      if (context_.json) context_.out << **text << '\n';
      const auto message = parse_message(**text);
      if (!message) continue;
      if (const auto error = refusal(*message, {})) return report(context_, *error);
      if (!context_.json) print(*message);
    }
    return std::nullopt;
  }

  void print(const Message& message) {
    model_.apply(message);
    const auto* controller = model_.find(message.controller_id);
    const auto line = message.kind == Message::Kind::motion && controller != nullptr
                          ? sample_line(*controller, context_.style)
                          : event_line(model_, message, context_.style);
    if (!line.empty()) context_.out << line << '\n';
  }

  Context& context_;
  Feed& feed_;
  WatchModel model_;
};

// ---- the picture

class PictureWatch {
 public:
  PictureWatch(Context& context, Feed& feed, bool is_ascii) : context_(context), feed_(feed) {
    frame_.style = context.style;
    if (is_ascii) frame_.style.utf8 = false;
    frame_.server = context.url.socket.empty() ? context.url.authority() : context.url.text();
    measure();
  }

  ExitCode run() {
    if (auto error = feed_.connect()) return report(context_, *error);
    auto code = ExitCode::ok;
    {
      const SignalEvents signals;
      const Terminal terminal;
      while (!is_over_) {
        draw_if_due(terminal);
        const auto wakeup = wait_for_events(signals.descriptor(), STDIN_FILENO, feed_.descriptor(),
                                            time_to_frame());
        if (wakeup.is_signal) take_signals(signals);
        if (wakeup.is_key) take_keys();
        if (wakeup.is_stream) take_messages();
        if (feed_.is_due()) reconnect();
      }
    }
    // Said only now: what is printed on the alternate screen goes with it.
    if (refusal_) code = report(context_, *refusal_);
    return code;
  }

 private:
  void measure() {
    const auto size = Terminal::size();
    frame_.rows = size.rows;
    frame_.style.columns = size.columns;
    needs_drawing_ = true;
  }

  [[nodiscard]] milliseconds time_to_frame() const {
    if (!needs_drawing_) return feed_.descriptor() < 0 ? milliseconds(200) : retry_interval;
    return std::chrono::ceil<milliseconds>(next_frame_ - SteadyClock::now());
  }

  void draw_if_due(const Terminal& terminal) {
    if (!needs_drawing_ || SteadyClock::now() < next_frame_) return;
    if (!terminal.draw(render_watch(model_, frame_))) is_over_ = true;
    needs_drawing_ = false;
    next_frame_ = SteadyClock::now() + frame_interval;
  }

  void take_signals(const SignalEvents& signals) {
    while (const auto signal = signals.take()) {
      if (*signal == SIGWINCH)
        measure();
      else
        is_over_ = true;
    }
  }

  void take_keys() {
    const auto typed = Terminal::typed();
    if (!typed) {
      is_over_ = true;
      return;
    }
    // Escape alone leads back; as the first of several it is an arrow or the like.
    if (*typed == "\x1b") frame_.focus.reset();
    if (typed->starts_with('\x1b')) return;
    for (const char key : *typed) take_key(key);
    needs_drawing_ = true;
  }

  void take_key(char key) {
    const auto& all = model_.controllers();
    if (key == 'q' || key == '\x03') is_over_ = true;
    if (key == 'a') frame_.focus.reset();
    if (key >= '1' && key <= '9')
      for (const auto& each : all)
        if (each.about.number == key - '0') frame_.focus = each.about.id;
    if (key != '\t' || all.empty()) return;
    std::size_t next = 0;
    for (std::size_t i = 0; i < all.size(); ++i)
      if (all[i].about.id == frame_.focus) next = i + 1;
    frame_.focus = all[next % all.size()].about.id;
  }

  void take_messages() {
    while (auto* stream = feed_.stream()) {
      const auto text = stream->receive(milliseconds(0));
      if (!text) {
        frame_.trouble = text.error().message + "; trying again";
        feed_.drop();
      }
      needs_drawing_ = true;
      if (!text || !*text) return;
      const auto message = parse_message(**text);
      if (!message) continue;
      if (auto error = refusal(*message, {})) {
        refusal_ = std::move(error);
        is_over_ = true;
        return;
      }
      if (message->kind == Message::Kind::snapshot) model_.forget_all();
      model_.apply(*message);
    }
  }

  void reconnect() {
    if (feed_.connect()) return;
    frame_.trouble.clear();
    needs_drawing_ = true;
  }

  Context& context_;
  Feed& feed_;
  WatchModel model_;
  WatchFrame frame_;
  std::optional<Error> refusal_;
  SteadyClock::time_point next_frame_{};
  bool needs_drawing_ = true;
  bool is_over_ = false;
};

ExitCode watch(Context& context, const WatchArguments& arguments) {
  const bool is_picture = !context.json && Terminal::is_available();
  Feed feed(context.server(), subscription(context, arguments, is_picture));
  if (is_picture) return PictureWatch(context, feed, arguments.is_ascii).run();
  return LineWatch(context, feed).run();
}

}  // namespace

void add_watch(CLI::App& app, Context& context) {
  Verb verb(app, "watch", "Watch controllers live",
            "Keys: q ends, 1-9 or tab shows one in full, a shows all.\n"
            "Where the output is no terminal it prints lines.\n"
            "Examples:\n"
            "  psmovectl watch\n"
            "  psmovectl watch left\n"
            "  psmovectl watch --json | jq -c 'select(.type == \"button\")'");
  auto arguments = std::make_shared<WatchArguments>();
  verb.which(arguments->which, false);
  verb.option("--rate", arguments->rate_hz, 1, 1000,
              "Messages per second and controller; without, --json gives every sample");
  verb.flag("--ascii", arguments->is_ascii, "Draw with plain characters");
  verb.action([&context, arguments] { context.exit_code = watch(context, *arguments); });
}

}  // namespace psmove::client
