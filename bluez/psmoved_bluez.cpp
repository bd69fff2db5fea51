// psmoved-bluez: the part of pairing that needs root, and nothing else. Answers one request, from
// its command line or from standard input, which is how systemd hands it a connection.

#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bluez/bluetooth_service.hpp"
#include "bluez/device_store.hpp"
#include "bluez/input_conf.hpp"
#include "bluez/request.hpp"

namespace psmove::bluez {
namespace {

constexpr const char* usage =
    "usage: psmoved-bluez REQUEST, or one request on standard input\n"
    "  inspect adapter=ADDRESS device=ADDRESS model=zcm1|zcm2|navigation\n"
    "  store adapter=ADDRESS device=ADDRESS model=MODEL [unbonded=allow]\n"
    "  forget adapter=ADDRESS device=ADDRESS model=MODEL\n"
    "  allow-unbonded\n"
    "  only-bonded\n"
    "Writes what BlueZ has to know of a controller, and has bluetoothd read it. For root; psmoved "
    "asks it.\n";

struct Places {
  std::string storage = "/var/lib/bluetooth";
  std::string input_conf = "/etc/bluetooth/input.conf";
};

/// Two at once would each restart bluetoothd under the other's hands.
class OneAtATime {
 public:
  explicit OneAtATime(const std::string& folder)
      : folder_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    if (folder_ >= 0) ::flock(folder_, LOCK_EX);
  }
  ~OneAtATime() {
    if (folder_ >= 0) ::close(folder_);
  }
  OneAtATime(const OneAtATime&) = delete;
  OneAtATime& operator=(const OneAtATime&) = delete;

 private:
  int folder_;
};

/// Makes the change, if there is one to make. @return one sentence on what went wrong, or empty
std::string carry_out(const Request& request, const DeviceStore& store, const InputConf& conf,
                      bool cable_pairing, bool& changed) {
  if (request.action == Action::forget)
    return store.clear_remains(*request.adapter, *request.device);
  const StoredModel* model = find_stored_model(request.model);
  const bool stores = request.action == Action::store;
  const bool allows = request.action == Action::allow_unbonded || request.allow_unbonded;
  const auto known = stores
                         ? store.look_up(*request.adapter, *request.device, *model, cable_pairing)
                         : StoredDevice{};
  if (known.is_foreign)
    return "BlueZ knows another kind of device by " + to_string(*request.device) +
           "; its files were left alone";
  const bool must_store = stores && !known.is_stored;
  const bool must_allow = allows && !conf.allows_unbonded();
  const bool must_undo = request.action == Action::only_bonded && conf.is_changed_by_us();
  if (!must_store && !must_allow && !must_undo) return {};
  changed = true;
  return while_stopped([&]() -> std::string {
    if (must_undo) return conf.undo();
    if (must_allow)
      if (auto wrong = conf.allow_unbonded(); !wrong.empty()) return wrong;
    if (!must_store) return {};
    return store.remember(*request.adapter, *request.device, *model, cable_pairing);
  });
}

Answer answer(const Request& request, const Places& places) {
  const OneAtATime guard(places.storage);
  const DeviceStore store(places.storage);
  const InputConf conf(places.input_conf);
  Answer result;
  result.version = bluez_version();
  result.cable_pairing = knows_cable_pairing(result.version);
  if (request.action != Action::inspect)
    result.error = carry_out(request, store, conf, result.cable_pairing, result.changed);
  result.unbonded_allowed = conf.allows_unbonded();
  if (const auto* model = find_stored_model(request.model); model != nullptr) {
    const auto known =
        store.look_up(*request.adapter, *request.device, *model, result.cable_pairing);
    result.is_stored = known.is_stored;
    result.is_known = known.is_known;
    result.is_bonded = known.is_bonded;
  }
  return result;
}

/// One line of standard input, cut at the longest there may be.
std::string read_line() {
  std::string line;
  char c = 0;
  while (line.size() < longest_line && ::read(STDIN_FILENO, &c, 1) == 1 && c != '\n') line += c;
  if (!line.empty() && line.back() == '\r') line.pop_back();
  return line;
}

int run(int argc, char** argv) {
  Places places;
  std::string line;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--help" || word == "-h") {
      std::fputs(usage, stdout);
      return 0;
    }
    if (word.starts_with("--storage=")) {
      places.storage = word.substr(std::strlen("--storage="));
    } else if (word.starts_with("--input-conf=")) {
      places.input_conf = word.substr(std::strlen("--input-conf="));
    } else {
      line += (line.empty() ? "" : " ") + std::string(word);
    }
  }
  if (line.empty()) line = read_line();
  Answer result;
  if (const auto request = parse_request(line, result.error)) result = answer(*request, places);
  std::puts(to_line(result).c_str());
  return result.error.empty() ? 0 : 1;
}

}  // namespace
}  // namespace psmove::bluez

int main(int argc, char** argv) {
  ::umask(0077);  // what BlueZ stores is for root alone
  return psmove::bluez::run(argc, argv);
}
