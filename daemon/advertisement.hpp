#pragma once
// Tells the network that psmoved is here (DNS-SD over multicast DNS), through Avahi. Avahi may be
// missing, stop, crash and come back at any time; none of that is an error here.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "types/awaitable.hpp"

namespace psmove::daemon {

/// What is told.
struct Offer {
  std::uint16_t port = 0;
  bool is_encrypted = false;
  bool needs_token = true;
  friend bool operator==(const Offer&, const Offer&) = default;
};

/// The key=value strings of the TXT record (RFC 6763 section 6).
/// @param id  of this machine, the same after every start; empty: it has none
[[nodiscard]] std::vector<std::string> text_record(const Offer& offer, const std::string& id);

/// All calls from the loop's thread.
class Advertisement {
 public:
  /// @param on_host_name  told the name by which others find this machine, "stage.local", whenever
  ///                      Avahi chooses one
  Advertisement(boost::asio::io_context& io, std::function<void(const std::string&)> on_host_name);
  ~Advertisement();
  Advertisement(const Advertisement&) = delete;
  Advertisement& operator=(const Advertisement&) = delete;

  /// Tells this from now on, in place of what was told before. Where there is no system bus,
  /// nothing happens until the next call.
  void publish(const Offer& offer);
  /// Takes it back.
  void withdraw();

 private:
  struct Parts;
  std::shared_ptr<Parts> parts_;
};

}  // namespace psmove::daemon
