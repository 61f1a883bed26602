// SPDX-License-Identifier: MPL-2.0

// A goroutine wakes another and computes for 5 ms: how long does the other one wait until it runs? `go_wake ROUNDS`, one line of
// JSON. GOMAXPROCS says on how many threads.
package main

import (
	"fmt"
	"os"
	"runtime"
	"sort"
	"strconv"
	"time"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintf(os.Stderr, "usage: %s ROUNDS\n", os.Args[0])
		os.Exit(2)
	}
	rounds, err := strconv.Atoi(os.Args[1])
	if err != nil || rounds <= 0 {
		fmt.Fprintf(os.Stderr, "%s: \"%s\" is not a number above zero\n", os.Args[0], os.Args[1])
		os.Exit(2)
	}
	there := make(chan time.Time, 1)
	back := make(chan float64, 1)
	go func() {
		for woken := range there {
			back <- float64(time.Since(woken)) / float64(time.Microsecond)
		}
	}()
	waits := make([]float64, rounds)
	for i := range waits {
		now := time.Now()
		there <- now
		for time.Since(now) < 5*time.Millisecond {
		}
		waits[i] = <-back
	}
	close(there)
	sort.Float64s(waits)
	fmt.Printf("{\"case\": \"wake_and_compute\", \"workers\": %d, \"count\": %d, \"median_us\": %.2f, \"p99_us\": %.2f}\n",
		runtime.GOMAXPROCS(0), rounds, waits[rounds/2], waits[rounds*99/100])
}
