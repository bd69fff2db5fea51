#include "api/peer.hpp"

#include <arpa/inet.h>
#include <array>
#include <cstring>
#include <map>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/socket.h>
#include <vector>

#include "api/access.hpp"

namespace psmove::api {
namespace {

constexpr std::size_t passwd_room = 4096;
/// Names that are remembered; more users than that share no machine with controllers.
constexpr std::size_t most_names = 1024;

/// The literal address in it; empty where it has none. IPv4 that was mapped into IPv6 is IPv4.
std::string address_text(const sockaddr_storage& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* binary = nullptr;
  int family = address.ss_family;
  if (family == AF_INET) {
    binary = &reinterpret_cast<const sockaddr_in*>(&address)->sin_addr;
  } else if (family == AF_INET6) {
    const in6_addr& six = reinterpret_cast<const sockaddr_in6*>(&address)->sin6_addr;
    const bool is_mapped = IN6_IS_ADDR_V4MAPPED(&six);
    constexpr std::size_t prefix = 12;
    binary = is_mapped ? six.s6_addr + prefix : six.s6_addr;
    if (is_mapped) family = AF_INET;
  }
  if (binary == nullptr || ::inet_ntop(family, binary, text.data(), text.size()) == nullptr)
    return {};
  return text.data();
}

/// Looked up once: the system's list may be far away.
const std::string& user_name(uid_t uid) {
  static std::map<uid_t, std::string> names;
  if (const auto known = names.find(uid); known != names.end()) return known->second;
  if (names.size() >= most_names) names.clear();
  passwd entry{};
  passwd* found = nullptr;
  std::vector<char> room(passwd_room);
  const bool has_name =
      ::getpwuid_r(uid, &entry, room.data(), room.size(), &found) == 0 && found != nullptr;
  return names[uid] = has_name ? found->pw_name : std::to_string(uid);
}

/// Who is on this machine came over loopback, or over a socket that has no network behind it.
void note_credentials(int socket, Peer& peer) {
  peer.is_local = true;
  ucred credentials{};
  socklen_t length = sizeof credentials;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) return;
  peer.uid = credentials.uid;
  peer.user = user_name(credentials.uid);
  peer.pid = credentials.pid;
}

}  // namespace

Peer peer_of(int socket) {
  Peer peer{.is_local = false};
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (::getpeername(socket, reinterpret_cast<sockaddr*>(&address), &length) != 0) return peer;
  if (address.ss_family == AF_UNIX) {
    note_credentials(socket, peer);
    return peer;
  }
  peer.address = address_text(address);
  peer.is_local = !peer.address.empty() && is_loopback_name(peer.address);
  length = sizeof address;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length) == 0)
    peer.local_address = address_text(address);
  return peer;
}

}  // namespace psmove::api
