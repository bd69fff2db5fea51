#include "daemon/listening.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <set>
#include <sstream>
#include <string_view>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "api/listener.hpp"

namespace psmove::daemon {
namespace {

namespace fs = std::filesystem;

/// For one entry of the lists of users and groups; a group has its members in it.
constexpr std::size_t entry_room = 256 * 1024;

bool is_loopback(const in6_addr& address) {
  return IN6_IS_ADDR_LOOPBACK(&address) ||
         (IN6_IS_ADDR_V4MAPPED(&address) && address.s6_addr[12] == 127);
}

/// A text that is no address is left to the bind to refuse.
bool is_loopback(const std::string& address) {
  in_addr v4{};
  in6_addr v6{};
  if (::inet_pton(AF_INET, address.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  if (::inet_pton(AF_INET6, address.c_str(), &v6) == 1) return is_loopback(v6);
  return true;
}

bool is_loopback(int socket) {
  sockaddr_storage name{};
  socklen_t length = sizeof name;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&name), &length) != 0) return false;
  if (name.ss_family == AF_UNIX) return true;
  if (name.ss_family == AF_INET)
    return (ntohl(reinterpret_cast<const sockaddr_in*>(&name)->sin_addr.s_addr) >> 24) == 127;
  return name.ss_family == AF_INET6 &&
         is_loopback(reinterpret_cast<const sockaddr_in6*>(&name)->sin6_addr);
}

/// Socket inodes that listen on this port, from one of the kernel's tables (proc(5), net/tcp).
void listening_inodes(const char* table, std::uint16_t port, std::set<std::string>& inodes) {
  std::ifstream file(table);
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::istringstream fields(line);
    std::string slot, local, remote, state, queues, timer, retransmits, uid, timeout, inode;
    fields >> slot >> local >> remote >> state >> queues >> timer >> retransmits >> uid >>
        timeout >> inode;
    const auto colon = local.rfind(':');
    unsigned number = 0;
    if (colon == std::string::npos || state != "0A") continue;  // TCP_LISTEN
    std::from_chars(local.data() + colon + 1, local.data() + local.size(), number, 16);
    if (number == port) inodes.insert("socket:[" + inode + "]");
  }
}

/// A number stands for itself, whether anybody has it or not.
template <class Id>
std::optional<Id> id_from_number(const std::string& text) {
  Id id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  // The largest one means "nobody" to the kernel.
  if (error != std::errc{} || end != text.data() + text.size() || id == static_cast<Id>(-1))
    return std::nullopt;
  return id;
}

std::optional<uid_t> user_id(const std::string& name) {
  if (const auto number = id_from_number<uid_t>(name)) return number;
  passwd entry{};
  passwd* found = nullptr;
  std::vector<char> room(entry_room);
  if (::getpwnam_r(name.c_str(), &entry, room.data(), room.size(), &found) != 0 || found == nullptr)
    return std::nullopt;
  return found->pw_uid;
}

std::optional<gid_t> group_id(const std::string& name) {
  if (const auto number = id_from_number<gid_t>(name)) return number;
  group entry{};
  group* found = nullptr;
  std::vector<char> room(entry_room);
  if (::getgrnam_r(name.c_str(), &entry, room.data(), room.size(), &found) != 0 || found == nullptr)
    return std::nullopt;
  return found->gr_gid;
}

bool holds(const fs::path& process, const std::set<std::string>& inodes) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(process / "fd", error)) {
    const auto target = fs::read_symlink(entry.path(), error);
    if (!error && inodes.contains(target.string())) return true;
  }
  return false;
}

}  // namespace

std::vector<int> inherited_sockets() {
  std::vector<int> sockets;
  const int count = ::sd_listen_fds(/*unset_environment=*/1);
  for (int i = 0; i < count; ++i) {
    const int fd = SD_LISTEN_FDS_START + i;
    if (::sd_is_socket(fd, AF_UNSPEC, SOCK_STREAM, /*listening=*/1) > 0) sockets.push_back(fd);
  }
  return sockets;
}

bool is_exposed(const Config& config, const std::vector<int>& inherited) {
  if (!inherited.empty())
    return std::any_of(inherited.begin(), inherited.end(),
                       [](int socket) { return !is_loopback(socket); });
  return std::any_of(config.bind.begin(), config.bind.end(),
                     [](const std::string& address) { return !is_loopback(address); });
}

bool has_unix_socket(const Config& config, const std::vector<int>& inherited) {
  if (!inherited.empty())
    return std::any_of(inherited.begin(), inherited.end(), [](int socket) {
      return ::sd_is_socket(socket, AF_UNIX, SOCK_STREAM, /*listening=*/1) > 0;
    });
  return std::any_of(config.bind.begin(), config.bind.end(), [](const std::string& address) {
    return api::socket_path(address).has_value();
  });
}

SocketAccess socket_access(const Config& config) {
  SocketAccess access;
  access.trusted_users = {0, ::geteuid()};
  if (!config.socket_group.empty()) {
    access.group = group_id(config.socket_group);
    if (!access.group)
      access.wrong =
          "socket_group names \"" + config.socket_group + "\", a group that this machine has not";
  }
  for (const auto& name : config.socket_users) {
    const auto uid = user_id(name);
    if (uid)
      access.trusted_users.push_back(*uid);
    else
      access.wrong = "socket_users names \"" + name + "\", a user that this machine has not";
  }
  return access;
}

std::string judge_exposure(const Config& config, const std::vector<int>& inherited,
                           bool has_tokens) {
  // Over a Unix socket root can still make one.
  if (config.require_token && !has_tokens && !has_unix_socket(config, inherited))
    return "require_token is set and there is no token, so nobody could use psmoved; make one "
           "with psmoved --create-token NAME:admin";
  if (has_tokens || config.allow_unauthenticated || !is_exposed(config, inherited)) return {};
  return "refuses to listen beyond this machine without access tokens: anybody there could use "
         "the controllers. Make a token with psmoved --create-token NAME (or, while psmoved "
         "listens on loopback alone, psmovectl token create NAME), or say --allow-unauthenticated";
}

std::optional<std::string> port_owner(std::uint16_t port) {
  std::set<std::string> inodes;
  listening_inodes("/proc/net/tcp", port, inodes);
  listening_inodes("/proc/net/tcp6", port, inodes);
  if (inodes.empty()) return std::nullopt;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc", error)) {
    const std::string pid = entry.path().filename();
    if (!std::all_of(pid.begin(), pid.end(), [](char c) { return c >= '0' && c <= '9'; })) continue;
    if (!holds(entry.path(), inodes)) continue;
    std::string name;
    std::ifstream comm(entry.path() / "comm");
    std::getline(comm, name);
    return name + " (pid " + pid + ")";
  }
  return std::nullopt;
}

}  // namespace psmove::daemon
