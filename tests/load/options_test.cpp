// SPDX-License-Identifier: MPL-2.0
#include "options.hpp"

#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "arguments.hpp"
#include "echo_options.hpp"

namespace {

using namespace mioco::load;
using words = std::vector<std::string>;

words split_words(const std::string& line) {
    std::istringstream in(line);
    words result;
    for (std::string word; in >> word;) result.push_back(word);
    return result;
}

words split(const std::vector<const char*>& arguments) { return split_equals(arguments); }

// What a parse gave, and what it said.
struct parsed {
    std::optional<int> status;
    std::string out;
    std::string err;
    load_options load;
    echo_options echo;
};

template <class Parse>
parsed run_parser(const std::string& line, Parse parse) {
    const words arguments = split_words(line);
    std::vector<const char*> pointers;
    for (const auto& argument : arguments) pointers.push_back(argument.c_str());
    parsed result;
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    result.status = parse(pointers, result);
    result.out = testing::internal::GetCapturedStdout();
    result.err = testing::internal::GetCapturedStderr();
    return result;
}

parsed parse_load(const std::string& line) {
    return run_parser(line, [](const auto& arguments, parsed& result) {
        return parse_load_options("mioco-load", arguments, result.load);
    });
}

parsed parse_echo(const std::string& line) {
    return run_parser(line, [](const auto& arguments, parsed& result) {
        return parse_echo_options(arguments, result.echo);
    });
}

TEST(split_equals, separates_short_options_from_their_values) {
    EXPECT_EQ(split({"-c=128", "-t=10", "-a=127.0.0.1:5555"}),
              (words{"-c", "128", "-t", "10", "-a", "127.0.0.1:5555"}));
    EXPECT_EQ(split({"--c=128"}), (words{"-c", "128"}));
    EXPECT_EQ(split({"-c="}), (words{"-c", ""}));
    EXPECT_EQ(split({"-f=a=b"}), (words{"-f", "a=b"}));
}

TEST(split_equals, leaves_all_else_alone) {
    const std::vector<const char*> arguments{"-t64", "-fa=b", "--size=9", "-",
                                             "--",   "-c=1",  "=",        "-=1"};
    EXPECT_EQ(split(arguments), words(arguments.begin(), arguments.end()));
}

TEST(load_options, takes_the_command_line_of_old) {
    const parsed p = parse_load("-c=64 -t=30 -a=127.0.0.1:7777");
    EXPECT_FALSE(p.status) << p.err;
    EXPECT_EQ(p.load.connections, 64U);
    EXPECT_EQ(p.load.seconds, 30);
    EXPECT_EQ(p.load.address, "127.0.0.1:7777");
}

TEST(load_options, has_defaults) {
    const parsed p = parse_load("");
    EXPECT_FALSE(p.status) << p.err;
    EXPECT_EQ(p.load.address, "127.0.0.1:5555");
    EXPECT_EQ(p.load.message_bytes, 26U);
    EXPECT_EQ(p.load.pipeline, 1U);
    EXPECT_FALSE(p.load.rate);
    EXPECT_FALSE(p.load.workers);
    EXPECT_FALSE(p.load.json);
}

TEST(load_options, takes_every_option) {
    const parsed p = parse_load(
        "--clients 3 --seconds 0.5 --size=100 --rate 5000 --workers 2 --warmup 1.5 --json "
        "--address [::1]:80");
    EXPECT_FALSE(p.status) << p.err;
    EXPECT_EQ(p.load.connections, 3U);
    EXPECT_EQ(p.load.seconds, 0.5);
    EXPECT_EQ(p.load.message_bytes, 100U);
    EXPECT_EQ(p.load.rate, 5000U);
    EXPECT_EQ(p.load.workers, 2U);
    EXPECT_EQ(p.load.warmup_seconds, 1.5);
    EXPECT_TRUE(p.load.json);
    EXPECT_EQ(p.load.address, "[::1]:80");
    EXPECT_EQ(parse_load("--pipeline 16").load.pipeline, 16U);
}

TEST(load_options, the_last_of_several_counts) {
    EXPECT_EQ(parse_load("-c 1 -c=2 -c3").load.connections, 3U);
}

TEST(load_options, help_is_no_error) {
    const parsed p = parse_load("--help");
    EXPECT_EQ(p.status, 0);
    EXPECT_NE(p.out.find("--pipeline"), std::string::npos);
    EXPECT_EQ(p.err, "");
}

struct refusal {
    std::string line;
    std::vector<std::string> told;
};

class load_options_refuse : public testing::TestWithParam<refusal> {};

TEST_P(load_options_refuse, and_say_why) {
    const parsed p = parse_load(GetParam().line);
    EXPECT_EQ(p.status, 2);
    EXPECT_EQ(p.out, "");
    for (const auto& part : GetParam().told)
        EXPECT_NE(p.err.find(part), std::string::npos) << p.err;
}

INSTANTIATE_TEST_SUITE_P(
    bad, load_options_refuse,
    testing::Values(
        refusal{"-c=0", {"--clients", "from 1 to 1000000", "\"0\""}},
        refusal{"-c=", {"--clients", "from 1 to 1000000", "\"\""}},
        refusal{"-c -5", {"--clients", "\"-5\""}}, refusal{"-c 1x", {"--clients", "\"1x\""}},
        refusal{"-c 1.5", {"--clients", "a whole number"}}, refusal{"-c", {"--clients"}},
        refusal{"-t 0", {"--seconds", "a number from 0.01 to 100000"}},
        refusal{"-t nan", {"--seconds", "\"nan\""}}, refusal{"-t inf", {"--seconds"}},
        refusal{"--size 0", {"--size", "from 1 to 16777216"}},
        refusal{"--size 16777216 --pipeline 65", {"--size", "--pipeline", "1073741824"}},
        refusal{"--rate 0", {"--rate", "from 1 to 100000000"}},
        refusal{"--rate 5 --pipeline 2", {"--rate", "--pipeline"}},
        refusal{"--workers 1025", {"--workers", "from 1 to 1024"}}, refusal{"--fast", {"--fast"}},
        refusal{"surplus", {"surplus"}}),
    [](const auto& info) { return "case_" + std::to_string(info.index); });

TEST(echo_options, takes_the_command_line_of_old) {
    const parsed p = parse_echo("-t64 -c10 -e10000 -fdata.json -p5556 127.0.0.1");
    EXPECT_FALSE(p.status) << p.err;
    EXPECT_EQ(p.echo.fibers, 64U);
    EXPECT_EQ(p.echo.connections, 10U);
    EXPECT_EQ(p.echo.echoes, 10'000U);
    EXPECT_EQ(p.echo.file, "data.json");
    EXPECT_EQ(p.echo.port, 5556U);
    EXPECT_EQ(p.echo.host, "127.0.0.1");
    EXPECT_EQ(p.echo.total(), 6'400'000U);
}

TEST(echo_options, has_defaults) {
    const parsed p = parse_echo("127.0.0.1");
    EXPECT_FALSE(p.status) << p.err;
    EXPECT_EQ(p.echo.total(), 1U);
    EXPECT_EQ(read_message(p.echo), "hello world\n");
}

TEST(echo_options, exit_statuses_are_those_of_old) {
    EXPECT_EQ(parse_echo("-x 127.0.0.1").status, 1);
    const parsed without_address = parse_echo("-t64 -c10");
    EXPECT_EQ(without_address.status, 2);
    EXPECT_NE(without_address.err.find("Usage: benchmark-echo"), std::string::npos)
        << without_address.err;
    const parsed bad_number = parse_echo("-t0 127.0.0.1");
    EXPECT_EQ(bad_number.status, 2);
    EXPECT_NE(bad_number.err.find("-t: must be a whole number from 1 to 100000"), std::string::npos)
        << bad_number.err;
}

TEST(read_message, names_the_file_that_it_cannot_use) {
    echo_options options;
    options.file = "/nonexistent/data.json";
    try {
        read_message(options);
        FAIL() << "read a file that is not there";
    } catch (const std::runtime_error& error) {
        EXPECT_NE(std::string(error.what()).find(options.file), std::string::npos) << error.what();
    }
    options.file = "/dev/null";
    EXPECT_THROW(read_message(options), std::runtime_error);
    options.file = "/dev/zero";
    EXPECT_THROW(read_message(options), std::runtime_error);
    options.file = "/";
    EXPECT_THROW(read_message(options), std::runtime_error);
}

}  // namespace
