// The subcommands of hens. Each takes the arguments after its name, prints results on stdout, and returns the exit
// code; what goes wrong is thrown (base/error.h).
#pragma once

#include <string>
#include <vector>

namespace hens {

using Arguments = std::vector<std::string>;

int run_command(const Arguments& arguments);
int validate_command(const Arguments& arguments);
int describe_command(const Arguments& arguments);
int fetch_command(const Arguments& arguments);
int synth_command(const Arguments& arguments);
int status_command(const Arguments& arguments);
int verify_command(const Arguments& arguments);
int worker_command(const Arguments& arguments);
int report_command(const Arguments& arguments);
int merge_command(const Arguments& arguments);
int score_command(const Arguments& arguments);
int compare_command(const Arguments& arguments);
int bench_command(const Arguments& arguments);

}  // namespace hens
