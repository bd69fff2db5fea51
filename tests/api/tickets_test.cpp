#include "api/tickets.hpp"

#include <gtest/gtest.h>

namespace psmove::api {
namespace {

using namespace std::chrono_literals;

const Principal phone{.scope = Scope::outputs, .token_id = "1", .token_name = "phone"};

TEST(Tickets, OneOpensOnceAndForWhoAsked) {
  Tickets tickets;
  const drivers::SteadyTime now{};
  const auto ticket = tickets.issue(phone, now);
  EXPECT_TRUE(ticket.starts_with("pst_"));
  EXPECT_FALSE(tickets.redeem(ticket + "x", now).has_value());
  const auto client = tickets.redeem(ticket, now + 29s);
  ASSERT_TRUE(client.has_value());
  EXPECT_EQ(client->scope, Scope::outputs);
  EXPECT_EQ(client->token_id, "1");
  EXPECT_FALSE(tickets.redeem(ticket, now + 29s).has_value());
}

TEST(Tickets, TheyExpireAndGoWithTheirToken) {
  Tickets tickets;
  const drivers::SteadyTime now{};
  const auto late = tickets.issue(phone, now);
  EXPECT_FALSE(tickets.redeem(late, now + 30s).has_value());
  const auto revoked = tickets.issue(phone, now);
  tickets.forget_token("1");
  EXPECT_FALSE(tickets.redeem(revoked, now).has_value());
}

TEST(Tickets, TheirNumberIsBounded) {
  Tickets tickets;
  drivers::SteadyTime now{};
  const auto first = tickets.issue(phone, now);
  std::string last;
  for (std::size_t i = 0; i < Tickets::most; ++i) last = tickets.issue(phone, now += 1ms);
  EXPECT_FALSE(tickets.redeem(first, now).has_value());
  EXPECT_TRUE(tickets.redeem(last, now).has_value());
}

TEST(Tickets, TheyAreCutOutOfTheQuery) {
  const auto left = [](std::string query) {
    const auto ticket = take_ticket(query);
    return (ticket ? *ticket : "none") + "|" + query;
  };
  EXPECT_EQ(left("ticket=a"), "a|");
  EXPECT_EQ(left("ticket=a&fields=x"), "a|fields=x");
  EXPECT_EQ(left("fields=x&ticket=a"), "a|fields=x");
  EXPECT_EQ(left("fields=x&ticket=a&policy=all"), "a|fields=x&policy=all");
  EXPECT_EQ(left("ticket=&ticket=b"), "|ticket=b");
  EXPECT_EQ(left("tickets=a&x=ticket=b"), "none|tickets=a&x=ticket=b");
  EXPECT_EQ(left(""), "none|");
}

}  // namespace
}  // namespace psmove::api
