// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <memory>
#include <type_traits>
#include <typeinfo>
#include <utility>

namespace mioco::detail {

/// A value of any type, or none, that several fibers share: it lives as long as any of them, or a pointer from `get`, holds it.
class shared_data {
public:
    shared_data() noexcept = default;

    template <class T>
    static shared_data of(T&& value) {
        static_assert(!std::is_reference_v<T>, "values are taken over");
        shared_data made;
        made.value_ = std::make_shared<const T>(std::forward<T>(value));
        made.type_ = &typeid(T);
        return made;
    }

    /// Null if there is no value, or one of another type: nothing is converted.
    template <class T>
    [[nodiscard]] std::shared_ptr<const T> get() const noexcept {
        static_assert(std::is_same_v<T, std::decay_t<T>>, "the type as it was kept, by value");
        if (type_ == nullptr || *type_ != typeid(T)) return nullptr;
        return std::static_pointer_cast<const T>(value_);
    }

    explicit operator bool() const noexcept { return type_ != nullptr; }

private:
    std::shared_ptr<const void> value_;
    const std::type_info* type_ = nullptr;
};

/// The calling fiber's; null outside of fibers, and if nothing was ever set or inherited.
const shared_data* own_data() noexcept;
/// Both throw std::system_error outside of fibers, and std::bad_alloc.
void set_own_data(shared_data value);
void set_children_data(shared_data value);

}  // namespace mioco::detail
