#include "api/wire/stream_messages.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <span>
#include <utility>

#include "api/wire/cbor.hpp"
#include "api/wire/controller_json.hpp"
#include "api/wire/cue_json.hpp"
#include "api/wire/json_members.hpp"
#include "api/wire/output_requests.hpp"
#include "api/wire/strict_json.hpp"
#include "api/wire/text.hpp"

namespace psmove::wire {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, topic_count> topic_names = {
    "motion", "button", "trigger", "battery", "controller", "output", "radio", "log"};
constexpr std::array<std::string_view, 3> policy_names = {"all", "latest", "window"};
constexpr std::array<std::string_view, 8> subscribe_members = {
    "controllers", "topics", "fields", "max_rate_hz", "policy", "since", "snapshot", "id"};

std::string listed(std::span<const std::string_view> words) {
  std::string text;
  for (const std::string_view word : words) {
    if (!text.empty()) text += ", ";
    text += word;
  }
  return text;
}

std::string pointer_to(std::string_view member) {
  return "/" + escaped(member);
}

/// Reads one message member by member and keeps the first fault.
class Reader {
 public:
  /// @param names  accepted members, `type` apart
  Reader(const json& message, std::span<const std::string_view> names) : message_(message) {
    for (const auto& [name, value] : message.items()) {
      if (name == "type" || std::find(names.begin(), names.end(), name) != names.end()) continue;
      std::string accepted;
      for (const auto known : names) accepted.append(accepted.empty() ? "" : ", ").append(known);
      fail(ErrorCode::unknown_member, pointer_to(name),
           "There is no \"" + name + "\" here; accepted are " + accepted + ".");
    }
  }

  [[nodiscard]] const std::optional<Fault>& fault() const { return fault_; }
  [[nodiscard]] const json* find(std::string_view name) const {
    const auto found = message_.find(name);
    return fault_ || found == message_.end() ? nullptr : &*found;
  }
  void fail(ErrorCode code, std::string pointer, std::string detail) {
    if (!fault_) fault_ = Fault{code, std::move(detail), std::move(pointer)};
  }

  std::string id() {
    const json* given = find("id");
    if (given == nullptr) {
      fail(ErrorCode::missing_member, "", "Give an \"id\" of your choice, a string.");
      return {};
    }
    if (!given->is_string()) {
      fail(ErrorCode::wrong_type, "/id", "\"id\" takes a string.");
      return {};
    }
    const auto& text = given->get_ref<const std::string&>();
    if (text.empty() || characters(text) > longest_id)
      fail(ErrorCode::out_of_range, "/id", "\"id\" takes 1 to 64 characters.");
    return text;
  }

  /// Calls `take(text, pointer)` for each string of an array that may not be empty.
  template <class Take>
  void strings(std::string_view name, bool may_be_empty, Take take) {
    const json* given = find(name);
    if (given == nullptr) return;
    const auto wanted = "\"" + std::string(name) + "\" takes an array of strings.";
    if (!given->is_array()) return fail(ErrorCode::wrong_type, pointer_to(name), wanted);
    if (given->empty() && !may_be_empty)
      return fail(ErrorCode::out_of_range, pointer_to(name),
                  "\"" + std::string(name) + "\" may not be empty; leave it out for the default.");
    for (std::size_t i = 0; i < given->size(); ++i) {
      auto pointer = pointer_to(name) + "/" + std::to_string(i);
      if (!(*given)[i].is_string()) return fail(ErrorCode::wrong_type, pointer, wanted);
      take((*given)[i].get_ref<const std::string&>(), std::move(pointer));
    }
  }

  /// Ids, numbers and names; empty for every controller.
  std::vector<std::string> controllers() {
    std::vector<std::string> chosen;
    bool every = false;
    strings("controllers", false, [&](const std::string& name, const std::string& pointer) {
      if (name.empty())
        fail(ErrorCode::invalid_value, pointer, "A controller is an id, a number, a name or *.");
      every = every || name == "*" || name == "all";
      chosen.push_back(name);
    });
    if (every) chosen.clear();
    return chosen;
  }

 private:
  const json& message_;
  std::optional<Fault> fault_;
};

template <std::size_t Size>
std::optional<std::size_t> index_of(const std::array<std::string_view, Size>& names,
                                    std::string_view name) {
  const auto* const found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<std::size_t>(found - names.begin());
}

Topics read_topics(Reader& reader) {
  Topics topics = 0;
  reader.strings("topics", false, [&](const std::string& name, std::string pointer) {
    if (const auto topic = index_of(topic_names, name))
      topics = static_cast<Topics>(topics | bit(static_cast<Topic>(*topic)));
    else
      reader.fail(ErrorCode::invalid_value, std::move(pointer),
                  "There is no topic \"" + name + "\"; topics are " + listed(topic_names) + ".");
  });
  return topics == 0 ? default_topics : topics;
}

std::uint16_t read_fields(Reader& reader) {
  if (reader.find("fields") == nullptr) return all_fields;
  std::uint16_t fields = 0;
  reader.strings("fields", true, [&](const std::string& name, std::string pointer) {
    if (name == "sequence" || name == "time_us") return;  // always come
    if (const auto field = parse_field(name))
      fields = static_cast<std::uint16_t>(fields | bit(*field));
    else
      reader.fail(
          ErrorCode::invalid_value, std::move(pointer),
          "There is no field \"" + name +
              "\"; fields are accel_m_s2, gyro_rad_s, mag_ut, orientation, "
              "linear_accel_m_s2, temperature_c, trigger, buttons, extension, stick, pressures.");
  });
  return fields;
}

std::optional<double> read_rate(Reader& reader) {
  const json* given = reader.find("max_rate_hz");
  if (given == nullptr) return std::nullopt;
  if (!given->is_number()) {
    reader.fail(ErrorCode::wrong_type, "/max_rate_hz", "\"max_rate_hz\" takes a number.");
    return std::nullopt;
  }
  const double rate = given->get<double>();
  if (!(rate >= slowest_rate_hz && rate <= fastest_rate_hz))
    reader.fail(ErrorCode::out_of_range, "/max_rate_hz", "\"max_rate_hz\" takes 0.1 to 1000.");
  return rate;
}

Policy read_policy(Reader& reader, const std::optional<double>& rate) {
  const json* given = reader.find("policy");
  Policy policy = rate ? Policy::latest : Policy::all;
  if (given != nullptr) {
    const auto index = given->is_string()
                           ? index_of(policy_names, given->get_ref<const std::string&>())
                           : std::nullopt;
    if (index)
      policy = static_cast<Policy>(*index);
    else
      reader.fail(given->is_string() ? ErrorCode::invalid_value : ErrorCode::wrong_type, "/policy",
                  "\"policy\" takes one of " + listed(policy_names) + ".");
  }
  if (policy == Policy::all && rate)
    reader.fail(ErrorCode::conflicting_members, "/max_rate_hz",
                "The policy \"all\" sends every sample at once; leave max_rate_hz out, or choose "
                "latest or window.");
  if (policy == Policy::window && !rate)
    reader.fail(ErrorCode::missing_member, "", "The policy \"window\" needs max_rate_hz.");
  if (policy == Policy::window && rate && *rate < slowest_window_hz)
    reader.fail(ErrorCode::out_of_range, "/max_rate_hz",
                "With the policy \"window\" max_rate_hz takes 1 to 1000.");
  return policy;
}

/// The largest that everybody reads alike, 2^53 - 1; at a thousand samples a second it takes 285
/// thousand years.
constexpr double largest_sequence = 9'007'199'254'740'991.0;

std::optional<std::uint64_t> sequence_number(const json& value) {
  if (!value.is_number()) return std::nullopt;
  // JSON knows one kind of number: 5.0 is as whole as 5.
  const double number = value.get<double>();
  if (!(number >= 0 && number <= largest_sequence) || std::trunc(number) != number)
    return std::nullopt;
  return static_cast<std::uint64_t>(number);
}

std::vector<SubscribeRequest::Since> read_since(Reader& reader) {
  constexpr auto wanted =
      "\"since\" takes the last sequence you have, or an object of one for each controller.";
  std::vector<SubscribeRequest::Since> since;
  const json* given = reader.find("since");
  if (given == nullptr) return since;
  if (given->is_object()) {
    for (const auto& [controller, value] : given->items()) {
      const auto sequence = sequence_number(value);
      if (!sequence || controller.empty())
        reader.fail(ErrorCode::wrong_type, "/since" + pointer_to(controller), wanted);
      else
        since.push_back({controller, *sequence});
    }
  } else if (const auto sequence = sequence_number(*given)) {
    since.push_back({"", *sequence});
  } else {
    reader.fail(ErrorCode::wrong_type, "/since", wanted);
  }
  return since;
}

SubscribeRequest read_subscription(Reader& reader) {
  SubscribeRequest request;
  request.controllers = reader.controllers();
  request.topics = read_topics(reader);
  request.fields = read_fields(reader);
  request.max_rate_hz = read_rate(reader);
  request.policy = read_policy(reader, request.max_rate_hz);
  request.since = read_since(reader);
  if (request.policy == Policy::latest && !request.since.empty())
    reader.fail(ErrorCode::conflicting_members, "/since",
                "The policy \"latest\" sends the newest sample, none of those before; leave since "
                "out, or choose all or window.");
  if (const json* snapshot = reader.find("snapshot")) {
    if (snapshot->is_boolean())
      request.snapshot = snapshot->get<bool>();
    else
      reader.fail(ErrorCode::wrong_type, "/snapshot", "\"snapshot\" takes true or false.");
  }
  return request;
}

Parsed<StreamRequest> subscribe_request(const json& message) {
  Reader reader(message, subscribe_members);
  auto id = reader.id();
  SubscribeRequest request = read_subscription(reader);
  request.id = std::move(id);
  if (reader.fault()) return *reader.fault();
  return StreamRequest(std::move(request));
}

Parsed<StreamRequest> unsubscribe_request(const json& message) {
  constexpr std::array<std::string_view, 1> names = {"id"};
  Reader reader(message, names);
  UnsubscribeRequest request{reader.id()};
  if (reader.fault()) return *reader.fault();
  return StreamRequest(std::move(request));
}

Parsed<StreamRequest> set_request(const json& message) {
  constexpr std::array<std::string_view, 4> names = {"id", "controllers", "led", "rumble"};
  json rest = message;
  const auto instant = take_instant(rest);
  if (!instant) return instant.error();
  Reader reader(rest, names);
  SetRequest request;
  request.instant = *instant;
  if (reader.find("id") != nullptr) (void)reader.id();
  if (reader.find("controllers") == nullptr)
    reader.fail(ErrorCode::missing_member, "",
                "Give \"controllers\": ids, numbers or names, or [\"*\"].");
  request.controllers = reader.controllers();
  const json* led = reader.find("led");
  const json* rumble = reader.find("rumble");
  if (led == nullptr && rumble == nullptr)
    reader.fail(ErrorCode::missing_member, "", "Give \"led\", \"rumble\" or both.");
  if (reader.fault()) return *reader.fault();
  request.clear_led = led != nullptr && led->is_null();
  request.clear_rumble = rumble != nullptr && rumble->is_null();
  if (request.instant.is_given() && (request.clear_led || request.clear_rumble))
    return Fault{ErrorCode::conflicting_members,
                 "null ends your layer at once; at an instant, set black, or 0.",
                 request.clear_led ? "/led" : "/rumble"};
  if (led != nullptr && !led->is_null()) {
    const auto wish = led_wish(*led, "/led");
    if (!wish) return wish.error();
    request.led = *wish;
  }
  if (rumble != nullptr && !rumble->is_null()) {
    const auto wish = rumble_wish(*rumble, "/rumble");
    if (!wish) return wish.error();
    request.rumble = *wish;
  }
  return StreamRequest(std::move(request));
}

Parsed<StreamRequest> ping_request(const json& message) {
  constexpr std::array<std::string_view, 1> names = {"t"};
  Reader reader(message, names);
  PingRequest request;
  if (const json* t = reader.find("t")) {
    if (t->is_number())
      request.t = t->dump();
    else
      reader.fail(ErrorCode::wrong_type, "/t", "\"t\" takes a number, which comes back as it is.");
  }
  if (reader.fault()) return *reader.fault();
  return StreamRequest(std::move(request));
}

Parsed<StreamRequest> request_of(const json& message) {
  if (!message.is_object())
    return Fault{ErrorCode::wrong_type, "A message is a JSON object with a \"type\".", {}};
  const auto type = message.find("type");
  constexpr auto known = "Types are subscribe, unsubscribe, set, ping.";
  if (type == message.end())
    return Fault{ErrorCode::missing_member, std::string("Give a \"type\". ") + known, {}};
  if (!type->is_string())
    return Fault{ErrorCode::wrong_type, std::string("\"type\" takes a string. ") + known, "/type"};
  const auto& name = type->get_ref<const std::string&>();
  if (name == "subscribe") return subscribe_request(message);
  if (name == "unsubscribe") return unsubscribe_request(message);
  if (name == "set") return set_request(message);
  if (name == "ping") return ping_request(message);
  return Fault{ErrorCode::unknown_type, "There is no type \"" + name + "\". " + known, "/type"};
}

/// A query value as JSON: a list of strings, a number or a boolean where the member takes one.
std::optional<json> query_value(std::string_view name, std::string_view raw) {
  if (name == "controllers" || name == "topics" || name == "fields") {
    json list = json::array();
    while (!raw.empty()) {
      const auto comma = raw.find(',');
      auto item = percent_decode(raw.substr(0, comma), true);
      if (!item) return std::nullopt;
      list.push_back(std::move(*item));
      raw = comma == std::string_view::npos ? "" : raw.substr(comma + 1);
    }
    return list;
  }
  auto text = percent_decode(raw, true);
  if (!text) return std::nullopt;
  const char* const end = text->data() + text->size();
  if (name == "since") {
    std::uint64_t sequence = 0;
    const auto read = std::from_chars(text->data(), end, sequence);
    if (read.ec == std::errc() && read.ptr == end) return sequence;
  }
  if (name == "max_rate_hz") {
    double rate = 0;
    const auto read = std::from_chars(text->data(), end, rate);
    if (read.ec == std::errc() && read.ptr == end && std::isfinite(rate)) return rate;
  }
  if (name == "snapshot" && (*text == "true" || *text == "false")) return *text == "true";
  return std::move(*text);
}

Parsed<json> query_object(std::string_view query) {
  json object = json::object();
  while (!query.empty()) {
    const auto end = query.find('&');
    const auto pair = query.substr(0, end);
    query = end == std::string_view::npos ? "" : query.substr(end + 1);
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    const auto name = percent_decode(pair.substr(0, equals), true);
    const auto raw = equals == std::string_view::npos ? "" : pair.substr(equals + 1);
    const auto value = name ? query_value(*name, raw) : std::nullopt;
    if (!value)
      return Fault{ErrorCode::bad_request, "A % in the query is followed by two hex digits.", {}};
    const auto whole = percent_decode(pair, true);
    if (!whole || !is_utf8(*whole))
      return Fault{ErrorCode::invalid_utf8, "The query is not UTF-8.", {}};
    if (object.contains(*name))
      return Fault{ErrorCode::duplicate_member, "\"" + *name + "\" is given twice.",
                   pointer_to(*name)};
    object[*name] = *value;
  }
  return Parsed<json>(boost::system::in_place_value, std::move(object));
}

void append_ids(std::string& out, const std::vector<std::string>& ids) {
  out += '[';
  for (const auto& id : ids) {
    if (out.back() != '[') out += ',';
    append_quoted(out, id);
  }
  out += ']';
}

std::string for_controller(const Address& id) {
  return "\"controller\":\"" + psmove::to_string(id) + "\"";
}

/// The larger stands for the smaller in the `status` of many.
int urgency(CueOutcome outcome) {
  switch (outcome) {
    case CueOutcome::waiting:
    case CueOutcome::queued:
      return 5;
    case CueOutcome::removed:
      return 4;
    case CueOutcome::away:
      return 3;
    case CueOutcome::superseded:
      return 2;
    case CueOutcome::overridden:
      return 1;
    case CueOutcome::applied:
      break;
  }
  return 0;
}

/// "status" and "results", into an object that is open.
void result_members(std::string& out, const std::vector<CueResult>& results,
                    const CueStatus* cue = nullptr) {
  CueOutcome whole = CueOutcome::applied;
  std::string list = "[";
  for (const auto& result : results) {
    CueOutcome worst = CueOutcome::applied;
    for (const auto& output : {result.led, result.rumble})
      if (output && urgency(output->outcome) > urgency(worst)) worst = output->outcome;
    if (urgency(worst) > urgency(whole)) whole = worst;
    list.append(list.back() == '[' ? "{" : ",{").append(for_controller(result.controller));
    text_member(list, "status", to_string(worst));
    if (result.led) {
      key(list, "led");
      cue_output(list, *result.led);
    }
    if (result.rumble) {
      key(list, "rumble");
      cue_output(list, *result.rumble);
    }
    list += '}';
  }
  text_member(out, "status", to_string(whole));
  if (cue != nullptr) {
    text_member(out, "cue", cue->id);
    integer_or_null(out, "at_us", cue->at_us);
  }
  raw_member(out, "results", list + "]");
}

ClientMessage client_message(const Parsed<json>& message) {
  if (!message) return {"null", message.error()};
  std::string to = "null";
  if (message->is_object()) {
    const auto id = message->find("id");
    if (id != message->end() && id->is_string() &&
        characters(id->get_ref<const std::string&>()) <= longest_id) {
      to.clear();
      append_quoted(to, id->get_ref<const std::string&>());
    }
  }
  return {std::move(to), request_of(*message)};
}

}  // namespace

std::string_view to_string(Topic topic) {
  return topic_names[static_cast<std::size_t>(topic)];
}
std::string_view to_string(Policy policy) {
  return policy_names[static_cast<std::size_t>(policy)];
}

ClientMessage parse_client_message(std::string_view text) {
  return client_message(parse_json(text));
}
ClientMessage parse_client_cbor(std::string_view bytes) {
  return client_message(parse_cbor(bytes));
}

Parsed<std::optional<SubscribeRequest>> parse_stream_query(std::string_view query) {
  const auto object = query_object(query);
  if (!object) return object.error();
  if (object->empty()) return std::optional<SubscribeRequest>();
  constexpr std::span<const std::string_view> all_but_id(subscribe_members.data(),
                                                         subscribe_members.size() - 1);
  Reader reader(*object, all_but_id);
  if (object->contains("type"))
    reader.fail(ErrorCode::unknown_member, "/type",
                "There is no \"type\" in the query; accepted are " + listed(all_but_id) + ".");
  SubscribeRequest request = read_subscription(reader);
  request.id = query_id;
  if (reader.fault()) return *reader.fault();
  return std::optional<SubscribeRequest>(std::move(request));
}

std::string hello_message(std::string_view session, std::string_view protocol, std::int64_t time_us,
                          const StreamLimits& limits) {
  std::string out = R"({"type":"hello","server":"psmoved","version":")" PSMOVED_VERSION R"(",)";
  out.append(R"("protocol":")").append(protocol).append(R"(","session":)");
  append_quoted(out, session);
  const auto member = [&out](std::string_view name, std::int64_t value) {
    if (out.back() != '{') out += ',';
    out.append("\"").append(name).append("\":");
    append_integer(out, value);
  };
  member("time_us", time_us);
  out += R"(,"limits":{)";
  member("message_bytes", static_cast<std::int64_t>(limits.message_bytes));
  member("message_fragments", static_cast<std::int64_t>(limits.message_fragments));
  member("subscriptions", static_cast<std::int64_t>(limits.subscriptions));
  member("backlog_ms", limits.backlog_ms);
  member("ping_interval_s", limits.ping_interval_s);
  member("dead_after_s", limits.dead_after_s);
  out += "}}";
  return out;
}

std::string subscribed_message(const SubscribeRequest& request,
                               const std::vector<std::string>& controllers) {
  std::string out = R"({"type":"subscribed","id":)";
  append_quoted(out, request.id);
  out += R"(,"controllers":)";
  append_ids(out, controllers.empty() ? std::vector<std::string>{"*"} : controllers);
  std::vector<std::string> topics, fields;
  for (std::size_t i = 0; i < topic_names.size(); ++i)
    if ((request.topics & bit(static_cast<Topic>(i))) != 0) topics.emplace_back(topic_names[i]);
  for (unsigned i = 0; i < field_count; ++i)
    if ((request.fields & bit(static_cast<Field>(i))) != 0)
      fields.emplace_back(to_string(static_cast<Field>(i)));
  out += R"(,"topics":)";
  append_ids(out, topics);
  out += R"(,"fields":)";
  append_ids(out, fields);
  out.append(R"(,"policy":")").append(to_string(request.policy)).append(R"(","max_rate_hz":)");
  if (request.max_rate_hz)
    append_number(out, *request.max_rate_hz, 6);
  else
    out += "null";
  out += '}';
  return out;
}

std::string unsubscribed_message(std::string_view id) {
  std::string out = R"({"type":"unsubscribed","id":)";
  append_quoted(out, id);
  out += '}';
  return out;
}

std::string snapshot_message(std::string_view id,
                             const std::vector<std::string>& controller_bodies) {
  std::string out = R"({"type":"snapshot","subscription":)";
  append_quoted(out, id);
  out += R"(,"controllers":[)";
  for (const auto& body : controller_bodies) {
    if (out.back() != '[') out += ',';
    out += body;
  }
  out += "]}";
  return out;
}

std::string error_message(std::string_view to, const Fault& fault) {
  std::string out = R"({"type":"error","to":)";
  out.append(to).append(R"(,"code":")").append(to_string(fault.code)).append(R"(","detail":)");
  append_quoted(out, fault.detail);
  out += R"(,"pointer":)";
  append_quoted(out, fault.pointer);
  out += '}';
  return out;
}

std::string pong_message(const PingRequest& ping, std::int64_t time_us) {
  std::string out = R"({"type":"pong",)";
  if (!ping.t.empty()) out.append(R"("t":)").append(ping.t).append(",");
  out += R"("time_us":)";
  append_integer(out, time_us);
  out += '}';
  return out;
}

std::string heartbeat_message(std::int64_t time_us) {
  std::string out = R"({"type":"heartbeat","time_us":)";
  append_integer(out, time_us);
  out += '}';
  return out;
}

std::string set_reply(std::string_view to, const std::vector<CueResult>& results,
                      const CueStatus* cue) {
  std::string out = R"({"type":"reply","to":)";
  out += to;
  result_members(out, results, cue);
  return out + "}";
}

std::string outcome_message(std::string_view to, const std::vector<CueResult>& results) {
  std::string out = R"({"type":"outcome","to":)";
  out += to;
  result_members(out, results);
  return out + "}";
}

std::string cue_message(std::string_view to, const CueStatus& cue) {
  std::string out = R"({"type":"cue","to":)";
  out.append(to).append(R"(,"cue":)").append(cue_body(cue)).append("}");
  return out;
}

// ---- events

std::string event_head(Topic topic, std::string_view subscription) {
  std::string out = R"({"type":")";
  out.append(to_string(topic)).append(R"(","subscription":)");
  append_quoted(out, subscription);
  out += ',';
  return out;
}

std::string button_event(const Address& id, Button button, bool pressed, std::int64_t time_us) {
  std::string out = for_controller(id) + ",\"time_us\":";
  append_integer(out, time_us);
  out.append(R"(,"button":")").append(psmove::to_string(button)).append(R"(","pressed":)");
  out += pressed ? "true}" : "false}";
  return out;
}

std::string trigger_event(const Address& id, double fraction, std::int64_t time_us) {
  std::string out = for_controller(id) + ",\"time_us\":";
  append_integer(out, time_us);
  out += ",\"trigger\":";
  append_number(out, fraction, 4);
  out += '}';
  return out;
}

std::string battery_event(const Address& id, const Battery& battery) {
  return for_controller(id) + ",\"battery\":" + battery_body(battery) + "}";
}

std::string controller_event(const ControllerState& state, std::string_view event) {
  std::string out = "\"event\":\"";
  out.append(event).append("\",").append(for_controller(state.address));
  out.append(",\"state\":").append(controller_body(state)).append("}");
  return out;
}

std::string output_event(const ControllerState& state) {
  return for_controller(state.address) + ",\"led\":" + led_body(state.led) +
         ",\"rumble\":" + rumble_body(state.rumble) + "}";
}

std::string radio_event(const Address& id, const RadioReport& report,
                        std::optional<int> battery_minutes_left) {
  const auto seconds = static_cast<double>(report.period_us) / 1e6;
  const auto reports = static_cast<double>(report.reports);
  const auto sent = reports + static_cast<double>(report.lost);
  std::string out = for_controller(id);
  integer_member(out, "time_us", report.time_us);
  number_member(out, "period_ms", seconds * 1e3, 3);
  number_member(out, "reports_per_s", seconds > 0 ? reports / seconds : 0, 1);
  integer_member(out, "reports", static_cast<std::int64_t>(report.reports));
  integer_member(out, "lost", static_cast<std::int64_t>(report.lost));
  number_member(out, "loss_percent", sent > 0 ? 100 * static_cast<double>(report.lost) / sent : 0,
                2);
  number_member(out, "longest_gap_ms", static_cast<double>(report.longest_gap_us) / 1e3, 3);
  out += R"(,"gaps":{"edges_ms":[)";
  for (const int edge : gap_edges_ms) {
    if (out.back() != '[') out += ',';
    append_integer(out, edge);
  }
  out += R"(],"counts":[)";
  for (const auto count : report.gaps) {
    if (out.back() != '[') out += ',';
    append_integer(out, count);
  }
  out += "]}";
  integer_or_null(out, "battery_minutes_left", battery_minutes_left);
  out += '}';
  return out;
}

std::string log_event(std::int64_t time_us, std::string_view level, const LogLine& line,
                      std::uint32_t suppressed) {
  std::string out = "\"time_us\":";
  append_integer(out, time_us);
  text_member(out, "level", level);
  text_member(out, "message", line.message);
  out += R"(,"fields":{)";
  for (const auto& [name, value] : line.fields) text_member(out, name, value);
  out += '}';
  integer_member(out, "suppressed", suppressed);
  out += '}';
  return out;
}

}  // namespace psmove::wire
