// The subcommands of hens-ec2: one file each, options in, exit code out.
#pragma once

#include <string>
#include <vector>

namespace hens::ec2 {

using Arguments = std::vector<std::string>;

int create_command(const Arguments& arguments);
int run_command(const Arguments& arguments);
int extend_command(const Arguments& arguments);
int teardown_command(const Arguments& arguments);
int submit_command(const Arguments& arguments);
int fetch_command(const Arguments& arguments);
int list_command(const Arguments& arguments);
int reap_command(const Arguments& arguments);

}  // namespace hens::ec2
