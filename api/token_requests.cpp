#include "api/token_requests.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <spdlog/spdlog.h>
#include <utility>

#include "api/access.hpp"
#include "api/tokens.hpp"
#include "drivers/controller.hpp"
#include "drivers/roster.hpp"

namespace psmove::api {
namespace {

using drivers::Controller;
using drivers::SteadyClock;
using drivers::SteadyTime;
using wire::ErrorCode;
using namespace std::chrono_literals;
using State = TokenRequest::State;

constexpr const char* owner = "token-request";
constexpr Rgb asking{255, 255, 255}, granting{0, 255, 0};
constexpr std::uint8_t shake = 160;
constexpr auto shake_time = 300ms;
constexpr auto granting_time = 1500ms;
/// Addresses whose requests are counted; the one that may ask again first is forgotten first.
constexpr std::size_t most_addresses = 1024;

/// What a budget of so many an hour gets back for one of them.
constexpr std::chrono::seconds cost_of_one(int most_per_hour) {
  return std::chrono::seconds(1h) / most_per_hour;
}

/// Until a budget bears one more; zero or less: it does.
SteadyClock::duration excess(SteadyTime debt, int most_per_hour, SteadyTime now) {
  return debt - now - cost_of_one(most_per_hour) * (most_per_hour - 1);
}

void charge(SteadyTime& debt, int most_per_hour, SteadyTime now) {
  debt = std::max(debt, now) + cost_of_one(most_per_hour);
}

bool is_on_this_machine(std::string_view address) {
  return address.empty() || is_loopback_name(address);
}

/// Who has one IPv6 address has the 2^64 beside it as well (RFC 6177), so these count as one.
std::string counted_as(std::string_view address) {
  std::array<unsigned char, sizeof(in6_addr)> binary{};
  const std::string literal(address.substr(0, address.find('%')));
  if (is_on_this_machine(address) || inet_pton(AF_INET6, literal.c_str(), binary.data()) != 1)
    return std::string(address);
  std::fill(binary.begin() + binary.size() / 2, binary.end(), 0);
  std::array<char, INET6_ADDRSTRLEN> text{};
  return std::string(inet_ntop(AF_INET6, binary.data(), text.data(), text.size())) + "/64";
}

std::chrono::seconds seconds_until(SteadyTime when, SteadyTime now) {
  return std::chrono::ceil<std::chrono::seconds>(when - now);
}

/// "phone 2"; what is too long loses its end.
std::string with_number(std::string name, int number) {
  const std::string suffix = " " + std::to_string(number);
  while (!name.empty() && !is_token_name(name + suffix)) name.pop_back();
  return name + suffix;
}

/// Nobody holds a recording: its presses come again by themselves. Those of a simulated controller
/// are made by somebody who has the scope `admin`.
bool can_be_asked(const Controller& controller) {
  const auto& can = controller.model().capabilities;
  return controller.is_connected() && controller.state().source != Source::recording && can.light &&
         can.buttons.contains(Button::move);
}

}  // namespace

TokenRequests::TokenRequests(drivers::Roster& roster, Tokens* tokens)
    : roster_(roster), tokens_(tokens) {
  roster_.add_listener(this);
}

TokenRequests::~TokenRequests() {
  roster_.remove_listener(this);
}

// ---- asking

std::optional<TokenRequests::Refusal> TokenRequests::refusal(std::string_view address,
                                                             SteadyTime now) {
  if (tokens_ == nullptr)
    return Refusal{{ErrorCode::not_saved, "This server keeps no tokens.", {}}};
  if (const auto* other = pending(now))
    return Refusal{{ErrorCode::token_request_pending,
                    "Another program is asking for a token: \"" + other->name + "\".",
                    {}},
                   seconds_until(other->expires, now)};
  if (now < next_)
    return Refusal{{ErrorCode::too_many_requests,
                    "Somebody has just asked for a token; ask again in a moment.",
                    {}},
                   seconds_until(next_, now)};
  const auto debt = debts_.find(counted_as(address));
  if (debt != debts_.end())
    if (const auto wait = excess(debt->second, most_per_hour, now); wait > 0s)
      return Refusal{{ErrorCode::too_many_requests,
                      "From this address a token was asked for " + std::to_string(most_per_hour) +
                          " times in an hour.",
                      {}},
                     std::chrono::ceil<std::chrono::seconds>(wait)};
  if (!is_on_this_machine(address))
    if (const auto wait = excess(debt_beyond_, most_per_hour_beyond, now); wait > 0s)
      return Refusal{
          {ErrorCode::too_many_requests,
           "From other machines a token was asked for " + std::to_string(most_per_hour_beyond) +
               " times in an hour; on psmoved's own, psmovectl token create makes one.",
           {}},
          std::chrono::ceil<std::chrono::seconds>(wait)};
  const auto& all = roster_.all();
  if (std::none_of(all.begin(), all.end(), [](const auto& each) { return can_be_asked(*each); }))
    return Refusal{{ErrorCode::no_controller,
                    "No controller with a sphere is connected, on which Move could be pressed.",
                    {}}};
  return std::nullopt;
}

boost::system::result<const TokenRequest*, TokenRequests::Refusal> TokenRequests::ask(
    std::string_view name, Scope scope, std::string_view address, SteadyTime now) {
  tidy(now);
  if (auto refused = refusal(address, now)) return *std::move(refused);
  const std::string asker = counted_as(address);
  if (debts_.size() >= most_addresses && !debts_.contains(asker))
    debts_.erase(std::min_element(debts_.begin(), debts_.end(), [](const auto& a, const auto& b) {
      return a.second < b.second;
    }));
  charge(debts_.try_emplace(asker, now).first->second, most_per_hour, now);
  if (!is_on_this_machine(address)) charge(debt_beyond_, most_per_hour_beyond, now);

  TokenRequest& request = requests_.emplace_back();
  request.id = random_secret("ptr_");
  request.name = name;
  request.scope = scope;
  request.address = address;
  request.asked = now;
  request.expires = now + lifetime;
  request.expires_us = roster_.clock().microseconds(request.expires);
  spdlog::info("a token is asked for name=\"{}\" scope={} address={}", request.name,
               to_string(scope), request.address);
  show(now);
  return &std::as_const(request);
}

/// Whoever holds a controller sees and feels that it is asked something.
void TokenRequests::show(SteadyTime now) {
  const TokenRequest* request = pending(now);
  if (request == nullptr) return;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(request->expires - now);
  const LedWish glow{
      .color = asking, .effect = Effect::pulse, .duration = left, .priority = priority};
  const RumbleWish buzz{.value = shake, .duration = shake_time, .priority = priority};
  for (const auto& controller : roster_.all()) {
    if (!can_be_asked(*controller)) continue;
    controller->set_led(owner, glow);
    if (controller->model().capabilities.rumble) controller->set_rumble(owner, buzz);
  }
}

void TokenRequests::let_go() {
  for (const auto& controller : roster_.all()) controller->release_outputs(owner);
}

// ---- the end of it

void TokenRequests::tidy(SteadyTime now) {
  for (TokenRequest& request : requests_)
    if (request.state == State::waiting && now >= request.expires)
      end(request, State::expired, request.expires);
  requests_.remove_if([now](const auto& request) {
    return request.state != State::waiting && now >= request.forgotten;
  });
  std::erase_if(debts_, [now](const auto& debt) { return debt.second <= now; });
}

void TokenRequests::end(TokenRequest& request, State state, SteadyTime now) {
  request.state = state;
  request.forgotten = now + kept;
  next_ = now + pause;
  let_go();
}

const TokenRequest* TokenRequests::find(std::string_view id, SteadyTime now) {
  tidy(now);
  const auto found = std::find_if(requests_.begin(), requests_.end(),
                                  [id](const auto& request) { return request.id == id; });
  return found == requests_.end() ? nullptr : &*found;
}

const TokenRequest* TokenRequests::pending(SteadyTime now) {
  tidy(now);
  const bool is_any = !requests_.empty() && requests_.back().state == State::waiting;
  return is_any ? &requests_.back() : nullptr;
}

bool TokenRequests::cancel(std::string_view id, SteadyTime now) {
  tidy(now);
  for (TokenRequest& request : requests_) {
    if (request.id != id) continue;
    if (request.state == State::waiting) end(request, State::canceled, now);
    return true;
  }
  return false;
}

void TokenRequests::grant(TokenRequest& request) {
  const std::int64_t now_us = roster_.clock().now_us();
  request.token_name = request.name;
  for (int number = 2; number <= static_cast<int>(Tokens::most) + 1; ++number) {
    auto secret = tokens_->create(request.token_name, request.scope, now_us);
    if (secret) {
      request.token = std::move(*secret);
      return;
    }
    request.why = secret.error();
    if (secret.error().code != ErrorCode::name_taken) return;
    request.token_name = with_number(request.name, number);
  }
}

void TokenRequests::on_button(const Controller& controller, Button button, bool pressed,
                              std::int64_t) {
  if (button != Button::move || !pressed || requests_.empty()) return;
  const auto now = SteadyClock::now();
  tidy(now);
  if (requests_.empty()) return;
  TokenRequest& request = requests_.back();
  if (request.state != State::waiting || now < request.asked + reaction ||
      !can_be_asked(controller))
    return;
  grant(request);
  end(request, request.token.empty() ? State::failed : State::granted, now);
  if (request.token.empty()) {
    spdlog::error("a token was granted and could not be made name=\"{}\" error=\"{}\"",
                  request.name, request.why->detail);
    return;
  }
  spdlog::info("a token was granted by a button name=\"{}\" scope={} controller={} address={}",
               request.token_name, to_string(request.scope),
               psmove::to_string(controller.address()), request.address);
  if (Controller* pressed_one = roster_.find(controller.address()))
    pressed_one->set_led(
        owner, {.color = granting, .fade = 200ms, .duration = granting_time, .priority = priority});
}

/// One that comes while it is asked is asked as well.
void TokenRequests::on_presence(const Controller&, drivers::Presence presence) {
  if (presence == drivers::Presence::arrived && !requests_.empty()) show(SteadyClock::now());
}

}  // namespace psmove::api
