#include "daemon/config.hpp"

#include <cstdlib>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iterator>
#include <sstream>
#include <unistd.h>

namespace psmove::daemon {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string apply(const std::string& text, Config& config) {
  return apply_config_text(text, "test.toml", config);
}

TEST(ConfigText, EveryKeyIsTaken) {
  Config config;
  EXPECT_EQ(
      apply("port = 7000\nbind = [\"::1\"]\nstate_dir = \"/tmp/x\"\nsimulate = \"2xzcm1\"\n"
            "replay = \"a.reports\"\nno_hardware = true\nauto_pair = "
            "false\nallow_unauthenticated = true\nrequire_token = true\n"
            "log_level = \"debug\"\nlog_burst = 0\nlog_interval_s = 60\n"
            "hosts = [\"stage\"]\norigins = [\"http://stage:80\"]\n"
            "max_connections = 10\nsocket_mode = \"0600\"\nsocket_group = \"games\"\n"
            "socket_users = [\"anna\", \"1001\"]\n"
            "tls = \"all\"\nadvertise = false\ntls_certificate = \"/c.pem\"\ntls_key = \"/k.pem\"\n"
            "token_requests = false\nrumble_duty = 0.25\nrumble_window_s = 30\n",
            config),
      "");
  EXPECT_EQ(config.port, 7000);
  EXPECT_EQ(config.bind, std::vector<std::string>{"::1"});
  EXPECT_EQ(config.state_dir, "/tmp/x");
  EXPECT_EQ(config.simulate, "2xzcm1");
  EXPECT_EQ(config.replay.size(), 1U);
  EXPECT_TRUE(config.no_hardware);
  EXPECT_FALSE(config.auto_pair);
  EXPECT_TRUE(config.allow_unauthenticated);
  EXPECT_TRUE(config.require_token);
  EXPECT_EQ(config.log_level, "debug");
  EXPECT_EQ(config.log_burst, 0U);
  EXPECT_EQ(config.log_interval_s, 60U);
  EXPECT_EQ(config.max_connections, 10U);
  EXPECT_EQ(config.socket_mode, 0600U);
  EXPECT_FALSE(config.token_requests);
  EXPECT_DOUBLE_EQ(config.rumble_duty, 0.25);
  EXPECT_EQ(config.rumble_window_s, 30U);
  EXPECT_EQ(config.socket_group, "games");
  EXPECT_EQ(config.socket_users.size(), 2U);
  EXPECT_EQ(config.tls, Tls::all);
  EXPECT_FALSE(config.advertise);
  EXPECT_EQ(config.tls_certificate, "/c.pem");
  EXPECT_EQ(config.tls_key, "/k.pem");
}

TEST(ConfigText, AnUnknownKeyNamesFileLineKeyAndWhatIsKnown) {
  Config config;
  EXPECT_THAT(apply("port = 1\nprot = 2\n", config),
              AllOf(HasSubstr("test.toml line 2"), HasSubstr("\"prot\""), HasSubstr("port, bind")));
}

/// What stands in a file of the repository.
std::string text_of(const std::string& path) {
  std::ifstream file(std::string(TEST_SOURCE_DIR) + "/../" + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(ConfigText, EverySettingIsInTheExampleAndInTheManual) {
  Config config;
  const std::string said = apply("prot = 2\n", config);
  std::istringstream names(said.substr(said.find("known are ") + 10));
  const std::string example = text_of("systemd/psmoved.toml");
  const std::string manual = text_of("systemd/man/psmoved.toml.5");
  int count = 0;
  for (std::string name; names >> name; ++count) {
    if (name.back() == ',') name.pop_back();
    EXPECT_THAT(example, HasSubstr("#" + name + " = "));
    EXPECT_THAT(manual, HasSubstr(name + " "));
  }
  EXPECT_GE(count, 20);
}

TEST(ConfigText, AWrongValueSaysWhatWouldBeAccepted) {
  Config config;
  EXPECT_THAT(apply("\n\nport = \"x\"\n", config),
              AllOf(HasSubstr("line 3"), HasSubstr("port"), HasSubstr("0 to 65535")));
  EXPECT_THAT(apply("port = 65536\n", config), HasSubstr("0 to 65535"));
  EXPECT_THAT(apply("port = 80.5\n", config), HasSubstr("0 to 65535"));
  EXPECT_THAT(apply("no_hardware = 1\n", config), HasSubstr("true or false"));
  EXPECT_THAT(apply("log_level = \"loud\"\n", config), HasSubstr("warning"));
  EXPECT_THAT(apply("simulate = \"zcm3\"\n", config), HasSubstr("zcm1"));
  for (const std::string duty : {"-0.1", "1.5", "\"half\"", "nan", "true"})
    EXPECT_THAT(apply_config_text("rumble_duty = " + duty + "\n", "test.toml", config),
                HasSubstr("0 to 1"));
  EXPECT_THAT(apply("rumble_window_s = 0\n", config), HasSubstr("1 to 3600"));
  EXPECT_THAT(apply("log_interval_s = 0\n", config), HasSubstr("1 to 86400"));
  EXPECT_THAT(apply("bind = []\n", config), HasSubstr("at least one"));
  EXPECT_THAT(apply("tls = true\n", config), HasSubstr("beyond-loopback"));
  EXPECT_THAT(apply("bind = \"unix:x\"\n", config), HasSubstr("a whole path"));
  for (const std::string mode : {"660", "\"66\"", "\"1660\"", "\"0668\"", "\"rw\""})
    EXPECT_THAT(apply_config_text("socket_mode = " + mode + "\n", "test.toml", config),
                HasSubstr("\"0660\""))
        << mode;
}

TEST(ConfigText, CharactersBeyondAsciiAreForCommentsAndEscapes) {
  Config config;
  EXPECT_EQ(apply("# größer\nhosts = [\"b\\u00fchne\"]  # Bühne\n", config), "");
  EXPECT_EQ(config.hosts, std::vector<std::string>{"bühne"});
  EXPECT_THAT(apply("\nport =\xE1\xA1\xA0 1\n", config), HasSubstr("line 2"));
  EXPECT_THAT(apply("hosts = \"\"\"a\"\"\"\n", config), HasSubstr("line 1"));
}

TEST(ConfigText, ABrokenFileChangesNothing) {
  Config config;
  EXPECT_THAT(apply("port = 7000\nbind = [\n", config), HasSubstr("test.toml line"));
  EXPECT_NE(apply("port = 7000\nlog_level = 3\n", config), "");
  EXPECT_EQ(config.port, Config{}.port);
}

TEST(Reload, WhatNeedsARestartStaysAndIsNamed) {
  const Config now;
  Config wanted;
  wanted.port = 1;
  wanted.simulate = "zcm1";
  wanted.log_level = "debug";
  wanted.require_token = true;
  EXPECT_EQ(keep_what_needs_a_restart(now, wanted), (std::vector<std::string>{"port", "simulate"}));
  EXPECT_EQ(wanted.port, now.port);
  EXPECT_EQ(wanted.simulate, "");
  EXPECT_EQ(wanted.log_level, "debug");
  EXPECT_TRUE(wanted.require_token);
  EXPECT_TRUE(keep_what_needs_a_restart(now, wanted).empty());
}

class CommandLine : public ::testing::Test {
 protected:
  static Parsed parse(std::vector<const char*> words) {
    words.insert(words.begin(), "psmoved");
    return parse_config(static_cast<int>(words.size()), words.data());
  }
  void write(const std::string& text) const { std::ofstream(file_) << text; }
  void TearDown() override { std::filesystem::remove(file_); }
  const std::string file_ =
      ::testing::TempDir() + "config_test." + std::to_string(::getpid()) + ".toml";
};

TEST_F(CommandLine, WinsOverTheFile) {
  write("port = 7000\nlog_level = \"debug\"\n");
  const Parsed parsed = parse({"--config", file_.c_str(), "--port", "7001"});
  EXPECT_EQ(parsed.action, Action::run);
  EXPECT_EQ(parsed.config.port, 7001);
  EXPECT_EQ(parsed.config.log_level, "debug");
}

TEST_F(CommandLine, TheLastOfTwoWinsButAddressesAddUp) {
  const Parsed parsed =
      parse({"--port", "1", "--bind", "127.0.0.1", "--port", "2", "--bind", "127.0.0.2"});
  EXPECT_EQ(parsed.config.port, 2);
  EXPECT_EQ(parsed.config.bind.size(), 2U);
}

TEST_F(CommandLine, ABrokenFileIsExit78) {
  write("colour = 3\n");
  const Parsed parsed = parse({"--config", file_.c_str()});
  EXPECT_EQ(parsed.action, Action::stop_with_message);
  EXPECT_EQ(parsed.exit_code, 78);
  EXPECT_THAT(parsed.message, HasSubstr(file_ + " line 1"));
}

TEST_F(CommandLine, AFileThatIsNamedMustExist) {
  EXPECT_EQ(parse({"--config", "/does/not/exist.toml"}).exit_code, 78);
}

TEST_F(CommandLine, NonsenseIsAUsageError) {
  EXPECT_EQ(parse({"--port", "x"}).exit_code, 64);
  EXPECT_EQ(parse({"--colour"}).exit_code, 64);
  const Parsed parsed = parse({"--simulate", "zcm1:motion=dance"});
  EXPECT_EQ(parsed.exit_code, 64);
  EXPECT_THAT(parsed.message, HasSubstr("figure8"));
}

TEST_F(CommandLine, HelpVersionAndCheckDoNotRun) {
  EXPECT_THAT(parse({"--help"}).message, HasSubstr("--simulate"));
  EXPECT_THAT(parse({"--version"}).message, HasSubstr("psmoved "));
  EXPECT_EQ(parse({"--version"}).exit_code, 0);
  write("port = 1\n");
  EXPECT_EQ(parse({"--config", file_.c_str(), "--check-config"}).action, Action::check_config);
}

}  // namespace
}  // namespace psmove::daemon
