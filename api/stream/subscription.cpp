#include "api/stream/subscription.hpp"

#include <algorithm>

#include "drivers/roster.hpp"

namespace psmove::stream {
namespace {

wire::Fault unknown(const std::string& name, std::string pointer) {
  return {wire::ErrorCode::unknown_controller,
          "There is no controller \"" + name + "\"; a controller is an id, a number or a name.",
          std::move(pointer)};
}

}  // namespace

bool Subscription::selects(const Address& controller) const {
  return controllers.empty() ||
         std::binary_search(controllers.begin(), controllers.end(), controller);
}

std::chrono::nanoseconds Subscription::interval() const {
  if (!max_rate_hz) return std::chrono::nanoseconds(0);
  return std::chrono::nanoseconds(static_cast<std::int64_t>(1e9 / *max_rate_hz));
}

std::optional<wire::Fault> fault_of(const wire::SubscribeRequest& request, Format format,
                                    const Caller& caller) {
  if (format == Format::binary && request.fields != wire::all_fields)
    return wire::Fault{wire::ErrorCode::conflicting_members,
                       "A record of psmoved.v1+bin always has the same members; leave \"fields\" "
                       "out.",
                       "/fields"};
  if ((request.topics & wire::bit(wire::Topic::log)) == 0) return std::nullopt;
  if (caller.scope < api::Scope::admin)
    return wire::Fault{wire::ErrorCode::insufficient_scope,
                       "The topic \"log\" needs a token with the scope \"admin\".", "/topics"};
  if (!caller.is_local && !caller.has_token)
    return wire::Fault{wire::ErrorCode::local_only,
                       "The topic \"log\" is for clients on the machine that psmoved runs on, and "
                       "for those with a token of the scope \"admin\".",
                       "/topics"};
  return std::nullopt;
}

std::vector<Resume> resume_after(const wire::StreamPosition& position) {
  std::vector<Resume> resume;
  for (const auto& last : position.entries()) resume.push_back({last.controller, last.sequence});
  resume.push_back({std::nullopt, nothing_yet});
  return resume;
}

wire::Parsed<Resolved> resolve(const wire::SubscribeRequest& request,
                               const drivers::Roster& roster) {
  Resolved resolved;
  Subscription& subscription = resolved.subscription;
  for (std::size_t i = 0; i < request.controllers.size(); ++i) {
    const auto* controller = roster.find(request.controllers[i]);
    if (controller == nullptr)
      return unknown(request.controllers[i], "/controllers/" + std::to_string(i));
    subscription.controllers.push_back(controller->address());
  }
  auto& chosen = subscription.controllers;
  std::sort(chosen.begin(), chosen.end());
  chosen.erase(std::unique(chosen.begin(), chosen.end()), chosen.end());
  for (const auto& since : request.since) {
    if (since.controller.empty()) {
      resolved.resume.push_back({std::nullopt, since.sequence});
      continue;
    }
    const auto* controller = roster.find(since.controller);
    if (controller == nullptr) return unknown(since.controller, "/since");
    resolved.resume.push_back({controller->address(), since.sequence});
  }
  subscription.id = request.id;
  subscription.topics = request.topics;
  subscription.fields = request.fields;
  subscription.policy = request.policy;
  subscription.max_rate_hz = request.max_rate_hz;
  return resolved;
}

}  // namespace psmove::stream
