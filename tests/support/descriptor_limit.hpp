// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <sys/resource.h>

namespace mioco_test {

/// While it lives the process gets no descriptor of this number or above, and may poll no more at a time.
class descriptor_limit {
public:
    explicit descriptor_limit(rlim_t soft) {
        getrlimit(RLIMIT_NOFILE, &before_);
        const rlimit now{soft, before_.rlim_max};
        setrlimit(RLIMIT_NOFILE, &now);
    }
    ~descriptor_limit() { setrlimit(RLIMIT_NOFILE, &before_); }
    descriptor_limit(const descriptor_limit&) = delete;
    descriptor_limit& operator=(const descriptor_limit&) = delete;

private:
    rlimit before_{};
};

}  // namespace mioco_test
