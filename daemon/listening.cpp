#include "daemon/listening.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <netinet/in.h>
#include <set>
#include <sstream>
#include <string_view>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

namespace psmove::daemon {
namespace {

namespace fs = std::filesystem;

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
