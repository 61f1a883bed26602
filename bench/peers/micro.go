// SPDX-License-Identifier: MPL-2.0

// The micro cases in Go: `micro_go yield|spawn_join|batch_spawn|parked_memory COUNT`, one line of JSON. GOMAXPROCS
// says on how many threads.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

type times struct{ wall, cpu float64 }

func measure(count int, body func()) times {
	wall, cpu := time.Now(), cpuTime()
	body()
	return times{
		float64(time.Since(wall)) / float64(count),
		float64(cpuTime()-cpu) / float64(count),
	}
}

func report(name string, count int, t times, more string) {
	fmt.Printf("{\"case\": \"%s\", \"workers\": %d, \"count\": %d, \"wall_ns\": %.2f, \"cpu_ns\": %.2f%s}\n",
		name, runtime.GOMAXPROCS(0), count, t.wall, t.cpu, more)
}

// Two goroutines yield in turn. "alternated" is the share of yields after which the other one had run.
func yield(count int) {
	var last int32
	var alternated int64
	var group sync.WaitGroup
	loop := func(self int32) {
		defer group.Done()
		others := int64(0)
		for i := 0; i < count/2; i++ {
			atomic.StoreInt32(&last, self)
			runtime.Gosched()
			if atomic.LoadInt32(&last) != self {
				others++
			}
		}
		atomic.AddInt64(&alternated, others)
	}
	t := measure(count, func() {
		group.Add(2)
		go loop(0)
		go loop(1)
		group.Wait()
	})
	report("yield", count, t, fmt.Sprintf(", \"alternated\": %.3f", float64(alternated)/float64(count)))
}

func spawnJoin(count int) {
	t := measure(count, func() {
		done := make(chan struct{})
		for i := 0; i < count; i++ {
			go func() { done <- struct{}{} }()
			<-done
		}
	})
	report("spawn_join", count, t, "")
}

// The second round of two.
func batchSpawn(count int) {
	round := func() {
		var group sync.WaitGroup
		group.Add(count)
		for i := 0; i < count; i++ {
			go group.Done()
		}
		group.Wait()
	}
	round()
	report("batch_spawn", count, measure(count, round), "")
}

// RSS and page tables, in bytes.
func memory() float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		panic(err)
	}
	total := 0.0
	for _, line := range strings.Split(string(status), "\n") {
		if strings.HasPrefix(line, "VmRSS:") || strings.HasPrefix(line, "VmPTE:") {
			kib, err := strconv.ParseFloat(strings.Fields(line)[1], 64)
			if err != nil {
				panic(err)
			}
			total += kib * 1024
		}
	}
	return total
}

func parkedMemory(count int) {
	before := memory()
	var started sync.WaitGroup
	started.Add(count)
	forever := make(chan struct{})
	for i := 0; i < count; i++ {
		go func() {
			started.Done()
			<-forever
		}()
	}
	started.Wait()
	fmt.Printf("{\"case\": \"parked_memory\", \"count\": %d, \"bytes\": %.0f}\n", count, (memory()-before)/float64(count))
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "--version" {
		fmt.Println("Go " + runtime.Version()[2:])
		return
	}
	cases := map[string]func(int){
		"yield": yield, "spawn_join": spawnJoin, "batch_spawn": batchSpawn, "parked_memory": parkedMemory,
	}
	count := 1000000
	if len(os.Args) == 3 {
		count, _ = strconv.Atoi(os.Args[2])
	}
	if len(os.Args) < 2 || cases[os.Args[1]] == nil || count <= 0 {
		fmt.Fprintf(os.Stderr, "usage: %s yield|spawn_join|batch_spawn|parked_memory COUNT\n", os.Args[0])
		os.Exit(2)
	}
	cases[os.Args[1]](count)
}
