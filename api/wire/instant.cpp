#include "api/wire/instant.hpp"

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

namespace psmove::wire {
namespace {

using nlohmann::json;
using std::chrono::microseconds;
using namespace std::chrono_literals;

/// What comes a little late over the network is still wanted; what is older comes from a clock that
/// is set wrong.
constexpr microseconds latest = 10s;
constexpr std::chrono::milliseconds earliest = 24h;
/// The largest whole number that every JSON reader has exactly.
constexpr std::int64_t largest_whole = (1LL << 53) - 1;

}  // namespace

Instant read_instant(Members& members) {
  if (members.has("at_us") && members.has("in_ms"))
    members.fail(ErrorCode::conflicting_members, "in_ms", "Give either \"at_us\" or \"in_ms\".");
  Instant instant;
  instant.at_us = members.integer("at_us", 0, largest_whole);
  instant.delay = members.duration("in_ms", 0, earliest.count());
  return instant;
}

Parsed<Instant> take_instant(json& object) {
  json given = json::object();
  if (object.is_object())
    for (const char* name : {"at_us", "in_ms"})
      if (const auto found = object.find(name); found != object.end()) {
        given[name] = std::move(*found);
        object.erase(found);
      }
  Members members(given, "", {"at_us", "in_ms"});
  const Instant instant = read_instant(members);
  if (members.failed()) return members.fault();
  return instant;
}

Parsed<std::optional<std::int64_t>> resolve(const Instant& instant, std::int64_t now_us) {
  if (instant.delay) return std::optional(now_us + microseconds(*instant.delay).count());
  if (!instant.at_us) return std::optional<std::int64_t>();
  if (*instant.at_us < now_us - latest.count() ||
      *instant.at_us > now_us + microseconds(earliest).count())
    return Fault{ErrorCode::out_of_range,
                 "\"at_us\" is from ten seconds ago to a day ahead, in microseconds of Unix time; "
                 "now it is " +
                     std::to_string(now_us) + " here.",
                 "/at_us"};
  return std::optional(*instant.at_us);
}

}  // namespace psmove::wire
