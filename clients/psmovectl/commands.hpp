#pragma once
// The verbs of psmovectl; each is described and run by the file of its name.

namespace CLI {
class App;
}

namespace psmove::client {

struct Context;

void add_list(CLI::App& app, Context& context);
void add_show(CLI::App& app, Context& context);
void add_watch(CLI::App& app, Context& context);
void add_led(CLI::App& app, Context& context);
void add_rumble(CLI::App& app, Context& context);
void add_cue(CLI::App& app, Context& context);
void add_limit(CLI::App& app, Context& context);
void add_sim(CLI::App& app, Context& context);
void add_name(CLI::App& app, Context& context);
void add_companion(CLI::App& app, Context& context);
void add_pwm(CLI::App& app, Context& context);
void add_extension(CLI::App& app, Context& context);
void add_diagnostics(CLI::App& app, Context& context);
void add_forget(CLI::App& app, Context& context);
void add_reset(CLI::App& app, Context& context);
void add_calibrate(CLI::App& app, Context& context);
void add_pair(CLI::App& app, Context& context);
void add_unpair(CLI::App& app, Context& context);
void add_import(CLI::App& app, Context& context);
void add_adapters(CLI::App& app, Context& context);
void add_token(CLI::App& app, Context& context);
void add_status(CLI::App& app, Context& context);

}  // namespace psmove::client
