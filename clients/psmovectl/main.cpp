// psmovectl: the command line of psmoved.

#include <exception>
#include <iostream>
#include <unistd.h>

#include "clients/psmovectl/command_line.hpp"

int main(int argc, char** argv) {
  try {
    psmove::client::Context context(std::cout, std::cerr, psmove::client::style_of(STDOUT_FILENO));
    const auto code = psmove::client::run_command_line({argv + 1, argv + argc}, context);
    std::cout.flush();
    return static_cast<int>(code);
  } catch (const std::exception& error) {
    std::cerr << "psmovectl: " << error.what() << '\n';
    return static_cast<int>(psmove::client::ExitCode::refused);
  }
}
