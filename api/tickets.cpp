#include "api/tickets.hpp"

#include <algorithm>

namespace psmove::api {

std::string Tickets::issue(const Principal& client, drivers::SteadyTime now) {
  std::erase_if(tickets_, [now](const auto& known) { return known.second.expires <= now; });
  if (tickets_.size() >= most)
    tickets_.erase(std::min_element(
        tickets_.begin(), tickets_.end(),
        [](const auto& a, const auto& b) { return a.second.expires < b.second.expires; }));
  std::string ticket = random_secret("pst_");
  tickets_.insert_or_assign(hash_of_token(ticket), Ticket{client, now + lifetime});
  return ticket;
}

std::optional<Principal> Tickets::redeem(std::string_view ticket, drivers::SteadyTime now) {
  const auto found = tickets_.find(hash_of_token(ticket));
  if (found == tickets_.end()) return std::nullopt;
  const Ticket known = std::move(found->second);
  tickets_.erase(found);
  if (known.expires <= now) return std::nullopt;
  return known.client;
}

void Tickets::forget_token(std::string_view id) {
  std::erase_if(tickets_, [id](const auto& known) { return known.second.client.token_id == id; });
}

std::optional<std::string> take_ticket(std::string& query) {
  constexpr std::string_view name = "ticket=";
  for (std::size_t begin = 0; begin < query.size();) {
    const auto end = std::min(query.find('&', begin), query.size());
    if (std::string_view(query).substr(begin, end - begin).starts_with(name)) {
      std::string ticket = query.substr(begin + name.size(), end - begin - name.size());
      // One of the two separators goes with it.
      if (end < query.size())
        query.erase(begin, end + 1 - begin);
      else
        query.erase(begin > 0 ? begin - 1 : 0);
      return ticket;
    }
    begin = end + 1;
  }
  return std::nullopt;
}

}  // namespace psmove::api
