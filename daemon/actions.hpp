#pragma once
// What psmoved does instead of running, when the command line says so. Each prints what came of it
// and returns the exit code.

#include <string>

#include "daemon/config.hpp"

namespace psmove::daemon {

constexpr int exit_failure = 1;
constexpr int exit_config = 78;  ///< EX_CONFIG of sysexits(3): systemd does not try again

/// Prints the sentence as an error of psmoved's. @return the code
int fail(int code, const std::string& sentence);

/// Prints a new token, before the first start beyond loopback, when no daemon runs that could be
/// asked.
int create_token(const Parsed& parsed);

/// Makes a self-signed certificate and its key, and prints where they are and its fingerprint.
int make_certificate(const Parsed& parsed);

/// Says what a start would stumble over, and touches nothing.
int check_config(const Config& config);

}  // namespace psmove::daemon
