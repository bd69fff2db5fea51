#pragma once
// Lines of text over a Unix socket: how a test, or a person in another terminal, handles
// controllers that are not there.

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/file_descriptor.hpp"

struct pollfd;

namespace psmove::emulator {

/// Answers one line with one line; neither has its line end.
using LineHandler = std::function<std::string(std::string_view line)>;

class ControlSocket {
 public:
  /// Listens at `path`; a socket that a dead process left there is replaced. Throws
  /// std::system_error.
  ControlSocket(std::string path, LineHandler handler);
  ~ControlSocket();
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;

  /// Adds what it waits for.
  void add_to(std::vector<pollfd>& waiting) const;
  /// Accepts, reads and answers whatever is there; never blocks.
  void serve();

 private:
  struct Connection {
    FileDescriptor fd;
    std::string received;
  };
  void accept_all();
  /// @return false once the connection has ended
  bool serve(Connection& connection);

  std::string path_;
  LineHandler handler_;
  FileDescriptor listener_;
  std::vector<Connection> connections_;
};

/// The other end: sends each line, in order, and returns the answers. Waits up to `patience` for
/// somebody to listen. Throws std::system_error.
std::vector<std::string> ask(const std::string& path, const std::vector<std::string>& lines,
                             std::chrono::milliseconds patience);

}  // namespace psmove::emulator
