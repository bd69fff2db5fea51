#include "drivers/roster.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <utility>

namespace psmove::drivers {
namespace {

std::optional<int> parse_number(std::string_view text) {
  if (text.starts_with('-')) return std::nullopt;  // no number of ours: it may be a name
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// Characters, not bytes: UTF-8 continuation bytes do not count.
std::size_t characters(std::string_view utf8) {
  return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

bool has_control_characters(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7F;
  });
}

bool is_valid_name(std::string_view name) {
  const auto length = characters(name);
  const bool is_number = std::all_of(name.begin(), name.end(), [](char c) {
    return std::isdigit(static_cast<unsigned char>(c)) != 0;
  });
  return length >= 1 && length <= 64 && !has_control_characters(name) && !is_number &&
         !parse_address(name) && name != "all" && name != "*";
}

}  // namespace

Controller* Roster::find(std::string_view wanted) const {
  if (const auto address = parse_address(wanted)) return find(*address);
  const auto number = parse_number(wanted);
  for (const auto& controller : controllers_) {
    const auto remembered_number = controller->number();
    if (number ? remembered_number == *number : !wanted.empty() && controller->name() == wanted)
      return controller.get();
  }
  return nullptr;
}

Controller* Roster::find(const Address& address) const {
  for (const auto& controller : controllers_)
    if (controller->address() == address) return controller.get();
  return nullptr;
}

Controller& Roster::get_or_add(const Address& address, const ControllerModel& model,
                               Source source) {
  if (Controller* known = find(address)) return *known;
  RememberedController fresh{.address = address,
                             .model = std::string(model.name),
                             .number = next_number(),
                             .name = {},
                             .firmware = {},
                             .source = source,
                             .calibration_blob = {}};
  add(std::move(fresh), model);
  sort();
  changed();
  return *find(address);
}

void Roster::add(RememberedController remembered, const ControllerModel& model) {
  controllers_.push_back(std::make_unique<Controller>(std::move(remembered), model, clock_,
                                                      listeners_, default_rumble_limit_));
}

void Roster::set_default_rumble_limit(const RumbleLimit& limit) {
  default_rumble_limit_ = limit;
  for (const auto& controller : controllers_) controller->set_default_rumble_limit(limit);
}

void Roster::set_rumble_limit(Controller& controller, std::optional<RumbleLimit> limit) {
  controller.set_rumble_limit(limit);
  changed();
}

void Roster::restore(const std::vector<RememberedController>& remembered) {
  for (RememberedController entry : remembered) {
    const ControllerModel* model = find_model(entry.model);
    if (model == nullptr || find(entry.address) != nullptr) continue;
    const bool number_is_free =
        entry.number > 0 &&
        std::none_of(controllers_.begin(), controllers_.end(),
                     [&](const auto& c) { return c->number() == entry.number; });
    if (!number_is_free) entry.number = next_number();
    if (!entry.name.empty() && (!is_valid_name(entry.name) || find(entry.name) != nullptr))
      entry.name.clear();
    add(std::move(entry), *model);
  }
  for (const auto& controller : controllers_) {
    if (!controller->companion()) continue;
    const Controller* other = find(*controller->companion());
    if (other == nullptr || other->companion() != controller->address() ||
        can_pair(*controller, *other) != Pairing::done)
      controller->set_companion(std::nullopt);
  }
  sort();
}

std::vector<RememberedController> Roster::remembered() const {
  std::vector<RememberedController> all;
  for (const auto& controller : controllers_) all.push_back(controller->remembered());
  return all;
}

Roster::Rename Roster::set_name(Controller& controller, std::string name) {
  if (!name.empty()) {
    if (!is_valid_name(name)) return Rename::invalid;
    const Controller* holder = find(name);
    if (holder != nullptr && holder != &controller) return Rename::taken;
  }
  controller.set_name(std::move(name));
  changed();
  return Rename::done;
}

Roster::Rename Roster::set_number(Controller& controller, int number) {
  if (number < 1 || number > 9999) return Rename::invalid;
  for (const auto& other : controllers_)
    if (other.get() != &controller && other->number() == number) return Rename::taken;
  controller.set_number(number);
  sort();
  changed();
  return Rename::done;
}

Roster::Pairing Roster::can_pair(const Controller& controller, const Controller& other) {
  if (controller.model().capabilities.motion_sensors == other.model().capabilities.motion_sensors)
    return Pairing::mismatch;
  if (other.companion() && other.companion() != controller.address()) return Pairing::taken;
  return Pairing::done;
}

Roster::Pairing Roster::set_companion(Controller& controller, Controller& other) {
  if (const auto outcome = can_pair(controller, other); outcome != Pairing::done) return outcome;
  if (controller.companion() == other.address()) return Pairing::done;
  clear_companion(controller);
  controller.set_companion(other.address());
  other.set_companion(controller.address());
  changed();
  return Pairing::done;
}

void Roster::clear_companion(Controller& controller) {
  if (!controller.companion()) return;
  if (Controller* other = find(*controller.companion())) other->set_companion(std::nullopt);
  controller.set_companion(std::nullopt);
  changed();
}

bool Roster::forget(Controller& controller) {
  if (!controller.state().links.empty()) return false;
  clear_companion(controller);
  for (Listener* listener : listeners_.all) listener->on_presence(controller, Presence::forgotten);
  std::erase_if(controllers_, [&](const auto& c) { return c.get() == &controller; });
  changed();
  return true;
}

void Roster::report_trouble(const std::string& path, NodeTrouble trouble) {
  troubles_.insert_or_assign(path, std::move(trouble));
}

void Roster::add_listener(Listener* listener) {
  listeners_.all.push_back(listener);
}
void Roster::remove_listener(Listener* listener) {
  std::erase(listeners_.all, listener);
}
void Roster::add_sample_listener(SampleListener* listener) {
  listeners_.samples.push_back(listener);
}
void Roster::remove_sample_listener(SampleListener* listener) {
  std::erase(listeners_.samples, listener);
}

int Roster::next_number() const {
  int number = 1;
  for (const auto& controller : controllers_) number = std::max(number, controller->number() + 1);
  return number;
}

void Roster::sort() {
  std::sort(controllers_.begin(), controllers_.end(),
            [](const auto& a, const auto& b) { return a->number() < b->number(); });
}

}  // namespace psmove::drivers
