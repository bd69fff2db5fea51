#include "api/authentication.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "api/problem.hpp"
#include "api/tokens.hpp"

namespace psmove::api {
namespace {

using drivers::SteadyTime;
using namespace std::chrono_literals;
using wire::ErrorCode;
using wire::Fault;

/// Wrong tokens that an address may show at once, and for each further one it must wait.
constexpr auto wrong_interval = 1s;
constexpr auto wrong_burst = 10 * wrong_interval;
/// Addresses that are remembered; the least indebted goes first.
constexpr std::size_t most_debtors = 1024;

}  // namespace

Principal Authentication::identify(std::optional<std::string_view> authorization, const Peer& peer,
                                   SteadyTime now, std::int64_t now_us) {
  const auto secret = authorization ? bearer_token(*authorization) : std::nullopt;
  if (!secret) return {.scope = needs_token(peer) ? Scope::open : Scope::admin, .user = peer.user};
  const Token* token =
      tokens_ != nullptr && !secret->empty() ? tokens_->find_secret(*secret) : nullptr;
  // A token that is wrong is wrong where none is needed, too: better said than found out later.
  if (token == nullptr) return {.scope = Scope::open, .fault = wrong_token(peer, now)};
  tokens_->note_use(*token, now_us);
  return {.scope = token->scope, .token_id = token->id(), .token_name = token->name};
}

Principal Authentication::identify_ticket(std::optional<Principal> known, const Peer& peer,
                                          SteadyTime now) {
  if (known) return *std::move(known);
  return {.scope = Scope::open, .fault = wrong_token(peer, now)};
}

bool Authentication::needs_token(const Peer& peer) const {
  if (!peer.is_local) return needed_.beyond;
  const auto& trusted = needed_.trusted;
  const bool is_trusted =
      peer.uid && std::find(trusted.begin(), trusted.end(), *peer.uid) != trusted.end();
  return needed_.here && !is_trusted;
}

/// Only what is wrong is counted: whoever has a token is not locked out by a neighbour without one.
Fault Authentication::wrong_token(const Peer& peer, SteadyTime now) {
  if (!peer.is_local) {
    std::erase_if(debts_, [now](const auto& debt) { return debt.second <= now; });
    if (debts_.size() >= most_debtors && !debts_.contains(peer.address))
      debts_.erase(std::min_element(debts_.begin(), debts_.end(), [](const auto& a, const auto& b) {
        return a.second < b.second;
      }));
    SteadyTime& debt = debts_.try_emplace(peer.address, now).first->second;
    if (debt - now >= wrong_burst)
      return {ErrorCode::too_many_requests,
              "Too many wrong tokens came from this address; try again in a second.",
              {}};
    debt += wrong_interval;
  }
  return {ErrorCode::invalid_token,
          "There is no such token or ticket: it was revoked, used up or never made.",
          {}};
}

Response refused(const Fault& fault, Scope needed, std::string_view instance) {
  auto response = problem(fault, instance);
  std::string challenge = "WWW-Authenticate: Bearer realm=\"psmoved\"";
  if (fault.code == ErrorCode::invalid_token)
    challenge += ", error=\"invalid_token\"";
  else if (fault.code == ErrorCode::insufficient_scope)
    challenge += ", error=\"insufficient_scope\"";
  else if (fault.code != ErrorCode::token_required)
    return response;
  response.fields += challenge + ", scope=\"" + std::string(to_string(needed)) + "\"\r\n";
  return response;
}

}  // namespace psmove::api
