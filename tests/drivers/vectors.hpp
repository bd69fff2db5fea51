#pragma once
// Bytes of real controllers as they were published, with the numbers published beside them.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "types/units.hpp"

namespace psmove::drivers {

/// Bytes from two-digit hex; white space is skipped.
inline std::vector<std::byte> from_hex(std::string_view text) {
  std::vector<std::byte> bytes;
  int high = -1;
  for (const char c : text) {
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) continue;
    if (high < 0) {
      high = digit;
    } else {
      bytes.push_back(static_cast<std::byte>(high * 16 + digit));
      high = -1;
    }
  }
  return bytes;
}

/// A ZCM1 lying still (moveonpc wiki, InputReport).
inline constexpr std::string_view zcm1_input_report =
    "01 00 00 00 06 00 00 7f 7f 7f 7f c0 05 2d 89 a8 7f 77 8d 1e 89 a0 7f 6f 8d f8 7f 02 80 fb 7f "
    "f8"
    "7f 03 80 fb 7f 7d 10 9e fa 10 55 0a 00 00 00 00 00";

/// A ZCM1's calibration blob (moveonpc wiki, CalibrationData) and what it decodes to.
struct Zcm1BlobVector {
  std::string_view hex;
  Vec3<Counts> accel_low, accel_high, bias0, bias1, turning, span;
  std::array<double, 3> gain_mrad_s;  ///< 1e-3 rad/s per count
  std::array<double, 3> counts_per_degree_per_second;
  std::array<std::uint16_t, 5> temperatures;  ///< at 0x02, 0x28, 0x30, 0x42, 0x5C
  std::array<double, 3> bias_factors;
};

inline constexpr std::array<Zcm1BlobVector, 8> zcm1_blobs = {{
    {"10 00 6d 08 5d 7f fd 7e fd 8f af 6e cf 7e ec 7e"
     "ea 7f ca 7e 23 6e b3 90 11 7f 52 7f be 7f c1 8f"
     "24 7f c8 7f cc 6d 4c 7f c4 08 02 7e 5d 80 02 80"
     "85 07 06 7e 59 80 09 80 00 00 00 00 00 00 00 00"
     "00 01 c1 08 e0 01 d8 92 8c 80 0d 80 e0 01 fa 7d"
     "af 8f c4 7f e0 01 18 7e 8e 80 39 95 9b 07 10 ef"
     "69 41 67 56 be 40 d2 5a bc c2 5d cf 76 3f 79 f8"
     "7c 3f 1e d9 74 3f 12 37 3e 3f bd cd 0b 3e 00 00"
     "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00",
     {-4433, -4660, -4573},
     {4275, 4033, 4093},
     {-510, 93, 2},
     {-506, 89, 9},
     {4824, 4015, 5433},
     {5334, 3922, 5431},
     {1.570600, 2.136048, 1.542548},
     {11.113, 8.171, 11.315},
     {0x86d, 0x8c4, 0x785, 0x8c1, 0x79b},
     {0.9641, 0.9882, 0.9564}},
    {"10 00 46 07 73 7f 9f 7f e8 8f 85 6e ca 7f f4 7e"
     "55 7f f1 7f 1a 6e 98 90 0a 80 5b 7f 67 7f c9 90"
     "4c 7f b7 7f e6 6e 06 7f 87 08 a5 7f 06 80 80 81"
     "76 07 a8 7f 00 80 8b 81 00 00 00 00 00 00 00 01"
     "00 01 92 08 e0 01 e5 94 e6 7f a1 81 e0 01 4b 7f"
     "d6 91 59 81 e0 01 a1 7f 2c 80 a6 95 89 07 36 0c"
     "50 c3 5b c8 fb 42 68 3d b5 42 cd 13 7d 3f 93 5b"
     "81 3f 70 ea 76 3f ff 80 4f 3f c6 ea 9c 3d 00 00"
     "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00",
     {-4475, -4378, -4582},
     {4248, 4297, 4072},
     {-91, 6, 384},
     {-88, 0, 395},
     {5349, 4566, 5542},
     {5440, 4560, 5158},
     {1.539996, 1.837189, 1.624192},
     {11.333, 9.500, 10.746},
     {0x746, 0x887, 0x776, 0x892, 0x789},
     {0.9886, 1.0106, 0.9645}},
    {"10 00 30 08 69 7f b4 7f 63 90 b1 6e 84 7f 41 7f"
     "00 80 8f 7f 68 6e dd 90 d8 7f b2 7f cf 7f 82 90"
     "6c 7f e5 7f 9b 6e a9 7f ed 08 4d 7f 48 80 44 80"
     "ba 07 3e 7f 4d 80 45 80 00 00 00 00 00 00 00 00"
     "00 01 ed 08 e0 01 70 93 59 80 6c 80 e0 01 53 7f"
     "20 8f 40 80 e0 01 bf 7f 4c 80 17 95 df 07 ff c9"
     "4a c3 e9 84 c3 41 a1 fd 5f 42 27 bc 72 3f 9f 5f"
     "7d 3f 60 99 75 3f 7e 3f d0 3f 15 d3 11 3e 00 00"
     "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00",
     {-4431, -4453, -4504},
     {4317, 4226, 4195},
     {-179, 72, 68},
     {-194, 77, 69},
     {4976, 3872, 5399},
     {5155, 3800, 5331},
     {1.625137, 2.204626, 1.571484},
     {10.740, 7.917, 11.106},
     {0x830, 0x8ed, 0x7ba, 0x8ed, 0x7df},
     {0.9482, 0.9897, 0.9594}},
    {"10 00 d0 07 5c 7f a7 7e c1 8f 72 6e 9e 7e 75 7e"
     "69 7f c4 7e e3 6d 87 90 f6 7e 59 7f 45 7f cd 8f"
     "33 7f 8e 7f b1 6d d3 7e 28 09 20 80 42 80 fc 7f"
     "27 08 1f 80 45 80 03 80 00 00 00 00 00 00 00 01"
     "00 01 24 09 e0 01 bf 93 6f 80 13 80 e0 01 c2 7f"
     "33 92 e3 7f e0 01 13 80 65 80 bf 94 40 08 3d 21"
     "41 c3 28 56 ff 41 64 48 68 42 eb 8c 70 3f a2 8b"
     "7b 3f 34 ae 71 3f 8c d7 82 3f 1a d8 56 3e 00 00"
     "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00",
     {-4494, -4687, -4637},
     {4231, 4045, 4033},
     {32, 66, -4},
     {31, 69, 3},
     {5055, 4659, 5311},
     {5023, 4593, 5315},
     {1.667844, 1.823989, 1.576215},
     {10.465, 9.569, 11.073},
     {0x7d0, 0x928, 0x827, 0x924, 0x840},
     {0.9397, 0.9826, 0.9441}},
    {"10 00 84 07 ef 7e 30 7f cd 90 06 6e 0e 7f c5 7f"
     "23 7f 00 7f 7c 6e 43 90 5d 7f c2 7f 21 7f 20 90"
     "ed 7f 50 7f e5 6d cd 7f bf 08 0f 7f 1c 80 47 7f"
     "b4 07 11 7f 1c 80 4e 7f 00 00 00 00 00 00 00 00"
     "00 01 bf 08 e0 01 21 95 fe 7f 28 7f e0 01 0d 7f"
     "91 90 24 7f e0 01 4a 7f 19 80 0f 93 d6 07 68 55"
     "02 c3 00 2b d6 c2 b1 31 76 c1 1b 5d 72 3f ed 13"
     "7a 3f 60 8a 73 3f 63 53 29 3f 21 5a b9 3d 00 00"
     "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00",
     {-4602, -4635, -4484},
     {4163, 4128, 4301},
     {-241, 28, -185},
     {-239, 28, -178},
     {5409, 4241, 4879},
     {5650, 4213, 5064},
     {1.482758, 1.988507, 1.654341},
     {11.771, 8.777, 10.550},
     {0x784, 0x8bf, 0x7b4, 0x8bf, 0x7d6},
     {0.9467, 0.9769, 0.9513}},
    {"10 00 cb 07 61 7f c7 7f ba 8f 65 6e 10 80 e5 7e"
     "7e 7f f0 7f d3 6d 90 90 d9 7f db 7e 98 7f 93 90"
     "ff 7e 55 7f 23 6f b9 7e 0d 09 61 7f 52 80 25 80"
     "10 08 5e 7f 52 80 29 80 00 00 00 00 00 00 00 00"
     "00 01 09 09 e0 01 27 96 5d 80 3c 80 e0 01 87 7f"
     "a3 90 16 80 e0 01 7f 7f 4b 80 fa 94 23 08 46 d9"
     "a2 43 04 43 87 43 e2 14 be c2 f8 d6 72 3f 07 8b"
     "80 3f 32 1f 74 3f b8 a6 fd 3f 8e e0 68 3e 00 00"
     "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00",
     {-4507, -4317, -4653},
     {4240, 4243, 4026},
     {-159, 82, 37},
     {-162, 82, 41},
     {5671, 4259, 5370},
     {5830, 4177, 5333},
     {1.436978, 2.005645, 1.570895},
     {12.146, 8.702, 11.110},
     {0x7cb, 0x90d, 0x810, 0x909, 0x823},
     {0.9486, 1.0042, 0.9536}},
    {"10 00 b3 07 af 7f 96 7f 36 90 dc 6e 7e 7f 11 7f"
     "cf 7f c7 7f fd 6d cd 90 0e 80 7e 7f 8e 7f ab 90"
     "a4 7f 1d 80 d8 6e ea 7e ed 08 97 7f 3d 80 c6 80"
     "d4 07 97 7f 3f 80 d8 80 00 00 00 00 00 00 00 00"
     "00 01 ec 08 e0 01 59 93 3f 80 d9 81 e0 01 a0 7f"
     "de 8e de 80 e0 01 d2 7e 3f 80 36 95 f9 07 a8 c2"
     "d5 c2 42 d5 46 43 a6 b4 93 41 c1 f7 72 3f 97 e9"
     "80 3f 6f d8 71 3f ff f2 6a 3f d3 04 f3 3d 00 00"
     "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00",
     {-4388, -4392, -4611},
     {4301, 4267, 4150},
     {-105, 61, 198},
     {-105, 63, 216},
     {4953, 3806, 5430},
     {5058, 3745, 5232},
     {1.656303, 2.237004, 1.601219},
     {10.537, 7.802, 10.900},
     {0x7b3, 0x8ed, 0x7d4, 0x8ec, 0x7f9},
     {0.9491, 1.0071, 0.9447}},
    {"10 00 ab 07 a8 7f a3 7f ca 90 89 6e 98 7f 88 7f"
     "9c 7f b3 7f 6c 6e 98 90 f8 7f b4 7f 6a 7f b4 90"
     "bf 7f ae 7f a9 6e 8c 7f 1f 09 0c 7f cf 7f fb 7f"
     "17 08 03 7f b5 7f fe 7f 00 00 00 00 00 00 00 00"
     "00 01 1c 09 e0 01 3d 97 cc 7f fe 7f e0 01 37 7f"
     "ff 8f 0e 80 e0 01 00 7f c9 7f f5 93 36 08 41 13"
     "13 40 26 a1 7e 42 3b 2f f6 42 54 dc 73 3f de d3"
     "7d 3f 9f 9c 72 3f 7d a3 56 3f f1 85 b9 3d 00 00"
     "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00",
     {-4471, -4439, -4500},
     {4248, 4276, 4298},
     {-244, -49, -5},
     {-253, -75, -2},
     {5949, 4095, 5109},
     {6193, 4144, 5114},
     {1.352750, 2.021617, 1.638166},
     {12.902, 8.633, 10.654},
     {0x7ab, 0x91f, 0x817, 0x91c, 0x836},
     {0.9526, 0.9915, 0.9477}},
}};

/// The two answers to GET 0x10 of a ZCM2 (nitsch's notes in psmoveapi).
inline constexpr std::array<std::string_view, 2> zcm2_blocks = {
    "10 00 22 10 fd ff 3c 00 1b f0 07 00 d3 ff 2a 00 07 10 e2 ff 15 00 04 f0 11 00 f9 ff 0a 00 fe "
    "0f"
    "46 00 dc ff d6 ef fb ff 07 00 ff ff 9c 00 00 00 00",
    "10 81 1a 05 00 17 00 9b ff ac 1a 0d 00 5a ff 06 00 9a 1a 59 e5 08 00 e5 ff 58 00 63 e5 ef ff "
    "81"
    "00 06 00 62 e5 1c 02 1c 02 04 00 00 00 00 00 00 00"};

/// The three answers to GET 0x10 that give this 143-byte blob.
inline std::array<std::vector<std::byte>, 3> blocks_of(std::span<const std::byte> blob) {
  std::array<std::vector<std::byte>, 3> blocks;
  blocks[0].assign(blob.begin(), blob.begin() + 49);
  blocks[1] = {std::byte{0x10}, std::byte{0x01}};
  blocks[1].insert(blocks[1].end(), blob.begin() + 49, blob.begin() + 96);
  blocks[2] = {std::byte{0x10}, std::byte{0x82}};
  blocks[2].insert(blocks[2].end(), blob.begin() + 96, blob.end());
  return blocks;
}

}  // namespace psmove::drivers
