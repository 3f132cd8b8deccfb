#include "base/child_process.h"

#include <cstdlib>
#include <istream>
#include <iterator>
#include <thread>
#include <unistd.h>

#include <sys/wait.h>

// Version 1 of the library is in every Boost from 1.74 on. Its headers moved to v1/ in 1.86, and its names into the
// namespace v1 (inline until version 2 became the default in 1.88).
#if __has_include(<boost/process/v1/child.hpp>)
#include <boost/process/v1/args.hpp>
#include <boost/process/v1/child.hpp>
#include <boost/process/v1/env.hpp>
#include <boost/process/v1/environment.hpp>
#include <boost/process/v1/exe.hpp>
#include <boost/process/v1/io.hpp>
#include <boost/process/v1/pipe.hpp>
#include <boost/process/v1/posix.hpp>
namespace bp = boost::process::v1;
#else
#include <boost/process/args.hpp>
#include <boost/process/child.hpp>
#include <boost/process/env.hpp>
#include <boost/process/environment.hpp>
#include <boost/process/exe.hpp>
#include <boost/process/io.hpp>
#include <boost/process/pipe.hpp>
#include <boost/process/posix.hpp>
namespace bp = boost::process;
#endif

#include "base/error.h"

namespace hens {
namespace {

std::string all_of(std::istream& stream) {
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

std::string program_of(const ChildCommand& command) {
  const auto found = find_program(command.argv.at(0));
  if (!found) fail(ExitCode::missing_input, "{}: no such program on PATH: install it", command.argv[0]);
  return found->string();
}

std::vector<std::string> arguments_of(const ChildCommand& command) {
  return {command.argv.begin() + 1, command.argv.end()};
}

bp::environment environment_of(const ChildCommand& command) {
  bp::environment environment = boost::this_process::environment();
  for (const auto& [name, value] : command.environment) environment[name] = value;
  return environment;
}

int finish(bp::child& child) {
  child.wait();
  const int status = child.native_exit_code();
  if (WIFSIGNALED(status)) return 128 + WTERMSIG(status);
  return child.exit_code();
}

}  // namespace

std::optional<fs::path> find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) return fs::path(name);
  const char* path = std::getenv("PATH");
  std::string_view rest = path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin";
  while (true) {
    const size_t colon = rest.find(':');
    const fs::path candidate = fs::path(rest.substr(0, colon)) / name;
    std::error_code ignored;
    if (fs::is_regular_file(candidate, ignored) && ::access(candidate.c_str(), X_OK) == 0) return candidate;
    if (colon == std::string_view::npos) return std::nullopt;
    rest.remove_prefix(colon + 1);
  }
}

ChildResult run_captured(const ChildCommand& command) {
  const std::string program = program_of(command);
  ChildResult result;
  try {
    bp::ipstream out, err;
    bp::opstream in;
    bp::child child(bp::exe = program, bp::args = arguments_of(command), environment_of(command),
                    bp::std_in<in, bp::std_out> out, bp::std_err > err);
    // Both outputs are drained at once: a child that waits for room in one pipe must not wait for ever.
    std::thread errors([&] { result.err = all_of(err); });
    std::thread output([&] { result.out = all_of(out); });
    in.write(command.input.data(), static_cast<std::streamsize>(command.input.size()));
    in.flush();
    in.pipe().close();
    output.join();
    errors.join();
    result.exit_code = finish(child);
  } catch (const bp::process_error& error) {
    fail(ExitCode::missing_input, "{}: cannot be started: {}", program, error.what());
  }
  return result;
}

int start_with_descriptors(const ChildCommand& command, int input, int output, int error) {
  const std::string program = program_of(command);
  try {
    bp::child child(bp::exe = program, bp::args = arguments_of(command), environment_of(command),
                    bp::posix::fd.bind(STDIN_FILENO, input), bp::posix::fd.bind(STDOUT_FILENO, output),
                    bp::posix::fd.bind(STDERR_FILENO, error));
    const int pid = child.id();
    child.detach();  // from the object: it stays our child
    return pid;
  } catch (const bp::process_error& failed) {
    fail(ExitCode::missing_input, "{}: cannot be started: {}", program, failed.what());
  }
}

int run_attached(const ChildCommand& command) {
  const std::string program = program_of(command);
  try {
    bp::child child(bp::exe = program, bp::args = arguments_of(command), environment_of(command));
    return finish(child);
  } catch (const bp::process_error& error) {
    fail(ExitCode::missing_input, "{}: cannot be started: {}", program, error.what());
  }
}

}  // namespace hens
