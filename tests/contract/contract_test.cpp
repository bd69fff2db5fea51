// What the daemon serves against what the contract says, both ways.
#include "api/contract/contract.hpp"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "api/routes.hpp"
#include "api/server.hpp"
#include "api/stream/framing.hpp"
#include "api/stream/stream_session.hpp"
#include "api/wire/fault.hpp"
#include "api/wire/sample_encoder.hpp"
#include "api/wire/stream_messages.hpp"
#include "drivers/cues.hpp"
#include "types/buttons.hpp"

namespace psmove::api {
namespace {

using nlohmann::json;
using testing::UnorderedElementsAreArray;
using Names = std::set<std::string>;

json openapi() {
  return json::parse(openapi_document.body);
}
json asyncapi() {
  return json::parse(asyncapi_document.body);
}

/// "/controllers/{id}" and "/controllers/{n}" are one: what stands in the braces is for people.
std::string anonymous(std::string path) {
  for (auto open = path.find('{'); open != std::string::npos; open = path.find('{', open + 1))
    path.erase(open + 1, path.find('}', open) - open - 1);
  return path;
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

const json& schema(const json& document, const char* name) {
  return document["components"]["schemas"][name];
}

/// The entry of a code in ErrorCode.
json entry_of(const json& document, std::string_view code) {
  for (const auto& entry : schema(document, "ErrorCode")["oneOf"])
    if (entry["const"] == code) return entry;
  return nullptr;
}

Names names_of(const json& array) {
  return array.get<Names>();
}

TEST(Contract, EveryRouteIsInItAndEverythingInItIsARoute) {
  // The stream's doors are not in the table: the session opens them before a route is looked for.
  Names served = {"get /api/v1/stream", "get /api/v1/events"};
  for (const auto& route : routes())
    served.insert(lower(to_string(route.method)) + " " + anonymous(std::string(route.path)));
  Names written;
  const json document = openapi();
  for (const auto& [path, item] : document["paths"].items())
    for (const auto& [method, operation] : item.items())
      if (method != "parameters") written.insert(method + " " + anonymous(path));
  EXPECT_THAT(written, UnorderedElementsAreArray(served));
}

TEST(Contract, RoutesTakeTheParametersThatItDescribes) {
  const json document = openapi();
  for (const auto& route : routes()) {
    const auto path = anonymous(std::string(route.path));
    for (const auto& [written, item] : document["paths"].items()) {
      if (anonymous(written) != path) continue;
      const auto& operation = item[lower(to_string(route.method))];
      bool describes_some = false;
      for (const auto& parameter : operation.value("parameters", json::array()))
        describes_some |= parameter.value("in", "") == "query";
      const auto where = lower(to_string(route.method)) + " " + written;
      EXPECT_EQ(describes_some, route.parameters == Parameters::own) << where;
      EXPECT_EQ(operation.value("x-parameters", ""),
                route.parameters == Parameters::ignored ? "ignored" : "")
          << where;
      EXPECT_EQ(operation["responses"].contains("422"), route.parameters != Parameters::ignored)
          << where;
    }
  }
}

TEST(Contract, OperationsNeedTheScopesOfTheTable) {
  const json document = openapi();
  for (const auto& route : routes()) {
    const auto path = anonymous(std::string(route.path));
    for (const auto& [written, item] : document["paths"].items()) {
      if (anonymous(written) != path) continue;
      const auto& operation = item[lower(to_string(route.method))];
      // The empty requirement: on this machine none is needed.
      const json expected = route.scope == Scope::open
                                ? json(nullptr)
                                : json{{{"token", {to_string(route.scope)}}}, json::object()};
      EXPECT_EQ(operation.value("security", json(nullptr)), expected) << path;
    }
  }
  for (const char* door : {"/api/v1/stream", "/api/v1/events"})
    EXPECT_EQ(document["paths"][door]["get"]["security"][0]["token"][0], "read");
}

TEST(Contract, PathsAreInTheOrderOfTheTable) {
  std::vector<std::string> served, written;
  for (const auto& route : routes())
    if (const auto path = anonymous(std::string(route.path));
        served.empty() || served.back() != path)
      served.push_back(path);
  const auto document = nlohmann::ordered_json::parse(openapi_document.body);
  for (const auto& [path, item] : document["paths"].items())
    if (path != "/api/v1/stream" && path != "/api/v1/events") written.push_back(anonymous(path));
  EXPECT_EQ(written, served);
}

TEST(Contract, EveryErrorCodeIsInItAsTheDaemonSaysIt) {
  const json document = openapi();
  EXPECT_EQ(schema(document, "ErrorCode")["oneOf"].size(), wire::all_error_codes().size());
  for (const auto code : wire::all_error_codes()) {
    const auto entry = entry_of(document, wire::to_string(code));
    ASSERT_TRUE(entry.is_object()) << wire::to_string(code);
    EXPECT_EQ(entry["title"], wire::title(code)) << entry;
    EXPECT_EQ(entry["description"], wire::advice(code)) << entry;
    EXPECT_EQ(entry["x-status"], wire::http_status(code)) << entry;
  }
}

TEST(Contract, EveryErrorCodeHasAnExample) {
  const json rest = openapi();
  const json stream = asyncapi();
  for (const auto code : wire::all_error_codes()) {
    const std::string name(wire::to_string(code));
    if (entry_of(rest, name).value("x-reserved", false)) continue;
    const auto& answers = rest["components"]["examples"];
    if (answers.contains(name)) {
      const auto& problem = answers[name]["value"];
      EXPECT_EQ(problem["code"], name);
      EXPECT_EQ(problem["title"], wire::title(code));
      EXPECT_EQ(problem["status"], wire::http_status(code));
      EXPECT_EQ(problem["type"], "/docs/errors#" + name);
      continue;
    }
    const auto& messages = stream["components"]["messages"]["error"]["examples"];
    EXPECT_TRUE(std::any_of(messages.begin(), messages.end(), [&](const json& message) {
      return message["payload"]["code"] == name;
    })) << name;
  }
}

TEST(Contract, LimitsAreTheDefaults) {
  const Limits limits;
  const auto number = [](auto value) { return static_cast<std::int64_t>(value); };
  const std::map<std::string, std::int64_t> defaults = {
      {"head_bytes", number(limits.head_bytes)},
      {"head_fields", number(limits.head_fields)},
      {"target_bytes", number(limits.target_bytes)},
      {"body_bytes", number(limits.body_bytes)},
      {"head_deadline_s", limits.head_deadline.count()},
      {"body_deadline_s", limits.body_deadline.count()},
      {"write_deadline_s", limits.write_deadline.count()},
      {"keep_alive_s", limits.keep_alive.count()},
      {"connections", number(limits.connections)},
      {"connections_per_address", number(limits.connections_per_address)},
      {"message_bytes", number(limits.message_bytes)},
      {"message_fragments", number(limits.message_fragments)},
      {"subscriptions", number(limits.subscriptions)},
      {"ping_interval_s", limits.ping_interval.count()},
      {"dead_after_s", limits.dead_after.count()},
      {"stalled_after_s", limits.stalled_after.count()},
      {"backlog_ms", limits.backlog.count()},
      {"edge_backlog_bytes", number(limits.edge_backlog_bytes)},
      {"controllers", number(limits.controllers)},
      {"cues", number(drivers::Cues::most_pending)},
      {"cues_per_client", number(drivers::Cues::most_of_one_owner)},
      {"followed_sets", number(stream::StreamSession::most_followed)}};
  const json document = openapi();
  const auto& written = schema(document, "Limits")["properties"];
  EXPECT_EQ(written.size(), defaults.size());
  for (const auto& [name, value] : defaults) {
    EXPECT_EQ(written[name]["default"], value) << name;
    EXPECT_EQ(document["paths"]["/api/v1"]["get"]["responses"]["200"]["content"]["application/json"]
                      ["examples"]["root"]["value"]["limits"][name],
              value);
  }
  const json stream = asyncapi();
  for (const auto& [name, limit] :
       schema(stream, "Hello")["properties"]["limits"]["properties"].items())
    EXPECT_EQ(limit["default"], defaults.at(name)) << name;
}

TEST(Contract, ChoicesAreThoseOfTheDaemon) {
  const json rest = openapi();
  Names buttons, topics, policies, fields = {"sequence", "time_us"};
  for (const auto button : button_names) buttons.emplace(button);
  for (std::size_t i = 0; i < wire::topic_count; ++i)
    topics.emplace(wire::to_string(static_cast<wire::Topic>(i)));
  for (const auto policy : {wire::Policy::all, wire::Policy::latest, wire::Policy::window})
    policies.emplace(wire::to_string(policy));
  for (unsigned i = 0; i < wire::field_count; ++i)
    fields.emplace(wire::to_string(static_cast<wire::Field>(i)));
  EXPECT_EQ(names_of(schema(rest, "Button")["enum"]), buttons);
  EXPECT_EQ(names_of(schema(rest, "Topic")["enum"]), topics);
  EXPECT_EQ(names_of(schema(rest, "Policy")["enum"]), policies);
  EXPECT_EQ(names_of(schema(rest, "Field")["enum"]), fields);
  Names members;
  for (const auto& [name, member] : schema(rest, "Sample")["properties"].items())
    members.insert(name);
  EXPECT_EQ(members, fields);
}

TEST(Contract, EveryTopicHasItsMessage) {
  const json document = asyncapi();
  for (const auto& topic : schema(document, "Topic")["enum"])
    EXPECT_TRUE(document["channels"]["stream"]["messages"].contains(topic.get<std::string>()))
        << topic;
}

TEST(Contract, TypesThatTheDaemonReadsAreRequests) {
  const json document = asyncapi();
  Names requests;
  for (const auto& [name, operation] : document["operations"].items())
    if (operation["action"] == "receive") requests.insert(name);
  for (const auto& request : requests) {
    const auto message = wire::parse_client_message(R"({"type":")" + request + R"("})");
    if (message.request) continue;
    EXPECT_NE(message.request.error().code, wire::ErrorCode::unknown_type) << request;
  }
  // The daemon lists the types it knows when it is given another.
  const auto fault = wire::parse_client_message(R"({"type":"?"})").request.error();
  for (const auto& request : requests) EXPECT_NE(fault.detail.find(request), std::string::npos);
  EXPECT_EQ(static_cast<std::size_t>(std::count(fault.detail.begin(), fault.detail.end(), ',')) + 1,
            requests.size());
}

TEST(Contract, CloseCodesAreThoseOfTheDaemon) {
  namespace code = stream::close_code;
  const json document = asyncapi();
  std::set<int> written;
  for (const auto& entry : document["info"]["x-close-codes"])
    written.insert(entry["code"].get<int>());
  const std::set<int> sent = {code::going_away,      code::protocol_error,   code::unsupported_data,
                              code::invalid_payload, code::policy_violation, code::too_big,
                              code::slow_consumer,   code::token_revoked};
  EXPECT_EQ(written, sent);
}

TEST(Contract, ItIsOfThisVersion) {
  EXPECT_EQ(openapi()["info"]["version"], PSMOVED_VERSION);
  EXPECT_EQ(asyncapi()["info"]["version"], PSMOVED_VERSION);
}

TEST(Contract, ThePageHasEverythingAndNothingFromElsewhere) {
  const std::string_view html = docs_page.body;
  const json document = openapi();
  for (const auto& [path, item] : document["paths"].items())
    for (const auto& [method, operation] : item.items()) {
      if (method == "parameters") continue;
      const auto id = operation["operationId"].get<std::string>();
      EXPECT_NE(html.find("id=\"" + id + "\""), std::string_view::npos) << path;
    }
  for (const auto code : wire::all_error_codes())
    EXPECT_NE(html.find("id=\"error-" + std::string(wire::to_string(code)) + "\""),
              std::string_view::npos);
  for (const char* foreign : {"src=\"http", "<link rel=\"stylesheet", "@import",
                              " onclick=", " onload=", " style=\"", "javascript:"})
    EXPECT_EQ(html.find(foreign), std::string_view::npos) << foreign;
  EXPECT_EQ(docs_page.security_policy.find("unsafe"), std::string_view::npos);
}

}  // namespace
}  // namespace psmove::api
