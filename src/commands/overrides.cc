#include "commands/overrides.h"

#include <boost/program_options.hpp>

#include "base/error.h"

namespace hens {

void add_set_option(CommandLine& line) {
  line.options().add_options()("set", boost::program_options::value<std::vector<std::string>>()->value_name("a.b=c"),
                               "the same as a bare a.b=c; may be given several times");
}

std::vector<std::string> spec_overrides(const CommandLine& line) {
  std::vector<std::string> overrides(line.positional().begin() + 1, line.positional().end());
  const std::vector<std::string> set = line.list("set");
  overrides.insert(overrides.end(), set.begin(), set.end());
  for (const std::string& text : overrides) {
    const size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      fail(ExitCode::usage, "'{}': expected an override of the spec, as forecast.steps=[4]", text);
    }
  }
  return overrides;
}

}  // namespace hens
