#include "bluez/key_file.hpp"

#include <glib.h>

namespace psmove::bluez {
namespace {

struct FreeError {
  void operator()(GError* error) const { g_error_free(error); }
};
using Error = std::unique_ptr<GError, FreeError>;

struct FreeText {
  void operator()(gchar* text) const { g_free(text); }
};
using Text = std::unique_ptr<gchar, FreeText>;

}  // namespace

void KeyFile::Free::operator()(GKeyFile* file) const {
  g_key_file_free(file);
}

KeyFile::KeyFile() : file_(g_key_file_new()) {}

KeyFile KeyFile::load(const std::filesystem::path& path, std::string& trouble) {
  KeyFile file;
  GError* raw = nullptr;
  if (g_key_file_load_from_file(file.file_.get(), path.c_str(), G_KEY_FILE_KEEP_COMMENTS, &raw) ==
      TRUE)
    return file;
  const Error error(raw);
  if (g_error_matches(error.get(), G_FILE_ERROR, G_FILE_ERROR_NOENT) == FALSE)
    trouble = path.string() + ": " + error->message;
  return file;
}

std::optional<std::string> KeyFile::value(const char* group, const char* key) const {
  const Text text(g_key_file_get_value(file_.get(), group, key, nullptr));
  if (!text) return std::nullopt;
  return std::string(text.get());
}

bool KeyFile::has_group(const char* group) const {
  return g_key_file_has_group(file_.get(), group) == TRUE;
}

void KeyFile::set(const char* group, const char* key, const std::string& value) {
  g_key_file_set_value(file_.get(), group, key, value.c_str());
}

std::string KeyFile::save(const std::filesystem::path& path) const {
  gsize length = 0;
  const Text text(g_key_file_to_data(file_.get(), &length, nullptr));
  GError* raw = nullptr;
  if (g_file_set_contents_full(path.c_str(), text.get(), static_cast<gssize>(length),
                               G_FILE_SET_CONTENTS_CONSISTENT, 0600, &raw) == TRUE)
    return {};
  return Error(raw)->message;
}

}  // namespace psmove::bluez
