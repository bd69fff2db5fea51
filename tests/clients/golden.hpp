#pragma once
// Pictures as text: tests/clients/golden/*.txt is what an 80x24 terminal shows. After a change that
// is meant, run the tests with PSMOVED_UPDATE_GOLDEN=1 and review the difference.

#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <string>
#include <vector>

namespace psmove::client {

inline void expect_golden(const std::vector<std::string>& lines, const std::string& name) {
  std::string text;
  for (const auto& line : lines) text += line + "\n";
  const auto path = std::string(TEST_SOURCE_DIR) + "/clients/golden/" + name + ".txt";
  if (std::getenv("PSMOVED_UPDATE_GOLDEN") != nullptr) std::ofstream(path) << text;
  std::ifstream file(path);
  ASSERT_TRUE(file) << path << " is missing";
  std::stringstream golden;
  golden << file.rdbuf();
  EXPECT_EQ(text, golden.str());
}

}  // namespace psmove::client
