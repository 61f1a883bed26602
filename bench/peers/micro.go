// SPDX-License-Identifier: MPL-2.0

// The micro cases in Go: `micro_go CASE COUNT`, one line of JSON. GOMAXPROCS says on how many threads.
package main

import (
	"fmt"
	"os"
	"runtime"
	"sort"
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

// Two goroutines throw a number to and fro over two channels for one item each.
func channelPingpong(count int) {
	there, back := make(chan int, 1), make(chan int, 1)
	go func() {
		for number := range there {
			back <- number
		}
	}()
	t := measure(count, func() {
		for i := 0; i < count; i++ {
			there <- i
			if <-back != i {
				panic("another number")
			}
		}
	})
	close(there)
	report("channel_pingpong", count, t, "")
}

func channelStream(count int) {
	items := make(chan int, 128)
	sum := make(chan int)
	t := measure(count, func() {
		go func() {
			total := 0
			for number := range items {
				total += number
			}
			sum <- total
		}()
		for i := 0; i < count; i++ {
			items <- i
		}
		close(items)
		if <-sum != count*(count-1)/2 {
			panic("another sum")
		}
	})
	report("channel_stream", count, t, "")
}

// A receive by itself, and in a select over four channels one of which has items. Filling is not counted.
func selectReceive(count int) {
	const room = 1024
	var channels [4]chan int
	for i := range channels {
		channels[i] = make(chan int, room)
	}
	eachOf := func(take func() int) float64 {
		var taken time.Duration
		for done := 0; done < count; done += room {
			for i := 0; i < room; i++ {
				channels[2] <- i
			}
			start := time.Now()
			for i := 0; i < room; i++ {
				if take() != i {
					panic("another number")
				}
			}
			taken += time.Since(start)
		}
		return float64(taken) / float64(count)
	}
	plain := eachOf(func() int { return <-channels[2] })
	selected := eachOf(func() int {
		select {
		case number := <-channels[0]:
			return number
		case number := <-channels[1]:
			return number
		case number := <-channels[2]:
			return number
		case number := <-channels[3]:
			return number
		}
	})
	fmt.Printf("{\"case\": \"select_receive\", \"count\": %d, \"receive_ns\": %.2f, \"select_ns\": %.2f}\n",
		count, plain, selected)
}

var guarded int

func mutexAlone(count int) {
	var mutex sync.Mutex
	t := measure(count, func() {
		for i := 0; i < count; i++ {
			mutex.Lock()
			guarded++
			mutex.Unlock()
		}
	})
	report("mutex_alone", count, t, "")
}

// 64 goroutines lock one mutex, yield with it in hand, and unlock.
func mutexYielding(count int) {
	const routines = 64
	var mutex sync.Mutex
	var group sync.WaitGroup
	guarded = 0
	t := measure(count/routines*routines, func() {
		group.Add(routines)
		for i := 0; i < routines; i++ {
			go func() {
				defer group.Done()
				for done := 0; done < count/routines; done++ {
					mutex.Lock()
					before := guarded
					runtime.Gosched()
					guarded = before + 1
					mutex.Unlock()
				}
			}()
		}
		group.Wait()
	})
	if guarded != count/routines*routines {
		panic("an increment was lost")
	}
	report("mutex_yielding", count, t, "")
}

// One goroutine hands numbers to another over a channel without room.
func channelHandover(count int) {
	items := make(chan int)
	sum := make(chan int)
	t := measure(count, func() {
		go func() {
			total := 0
			for number := range items {
				total += number
			}
			sum <- total
		}()
		for i := 0; i < count; i++ {
			items <- i
		}
		close(items)
		if <-sum != count*(count-1)/2 {
			panic("another sum")
		}
	})
	report("channel_handover", count, t, "")
}

// As channelPingpong, but each waits in a select beside a channel on which nothing comes.
func selectPingpong(count int) {
	there, back, quiet := make(chan int, 1), make(chan int, 1), make(chan int, 1)
	receive := func(in chan int) (int, bool) {
		select {
		case number := <-quiet:
			return number, true
		case number, more := <-in:
			return number, more
		}
	}
	go func() {
		for number, more := receive(there); more; number, more = receive(there) {
			back <- number
		}
	}()
	t := measure(count, func() {
		for i := 0; i < count; i++ {
			there <- i
			if number, _ := receive(back); number != i {
				panic("another number")
			}
		}
	})
	close(there)
	report("select_pingpong", count, t, "")
}

// As many goroutines as threads, each of which starts on one of its own, lock a mutex, add to a number, unlock, and add to one of
// their own.
func mutexContended(count int) {
	routines := runtime.GOMAXPROCS(0)
	var mutex sync.Mutex
	var group sync.WaitGroup
	var here int32
	guarded = 0
	group.Add(routines)
	start := make(chan struct{})
	for i := 0; i < routines; i++ {
		go func() {
			defer group.Done()
			<-start
			for atomic.AddInt32(&here, 1); atomic.LoadInt32(&here) < int32(routines); {
			}
			var own [16]int
			for done := 0; done < count/routines; done++ {
				mutex.Lock()
				guarded++
				mutex.Unlock()
				for k := range own {
					own[k]++
				}
			}
		}()
	}
	t := measure(count/routines*routines, func() {
		close(start)
		group.Wait()
	})
	if guarded != count/routines*routines {
		panic("an increment was lost")
	}
	report("mutex_contended", count, t, "")
}

// A tree of goroutines, ten children each, whose leaves send their numbers and whose other nodes the sums. The middle of the rounds after
// the first.
func skynet(leaves int) {
	const children, rounds = 10, 4
	var node func(up chan<- int, first, leaves int)
	node = func(up chan<- int, first, leaves int) {
		if leaves == 1 {
			up <- first
			return
		}
		each := leaves / children
		down := make(chan int, children)
		for i := 0; i < children; i++ {
			go node(down, first+i*each, each)
		}
		sum := 0
		for i := 0; i < children; i++ {
			sum += <-down
		}
		up <- sum
	}
	nodes := 0
	for layer := leaves; layer > 0; layer /= children {
		nodes += layer
	}
	var taken []times
	for i := 0; i < rounds; i++ {
		t := measure(nodes, func() {
			top := make(chan int)
			go node(top, 0, leaves)
			if <-top != leaves*(leaves-1)/2 {
				panic("another sum")
			}
		})
		taken = append(taken, t)
	}
	taken = taken[1:]
	sort.Slice(taken, func(a, b int) bool { return taken[a].wall < taken[b].wall })
	t := taken[len(taken)/2]
	report("skynet", nodes, t, fmt.Sprintf(", \"ms\": %.2f", t.wall*float64(nodes)/1e6))
}

// From the start of a goroutine to its first wait.
func parkedSpawn(count int) {
	var started int64
	gate := make(chan int, 1)
	t := measure(count, func() {
		for i := 0; i < count; i++ {
			go func() {
				atomic.AddInt64(&started, 1)
				<-gate
			}()
		}
		for atomic.LoadInt64(&started) < int64(count) {
			runtime.Gosched()
		}
	})
	report("parked_spawn", count, t, "")
}

// How long a goroutine that was started by one that goes on computing waits until another thread runs it.
func spawnElsewhere(count int) {
	waited := make([]float64, count)
	for i := range waited {
		var ran int32
		var at time.Time
		start := time.Now()
		go func() {
			at = time.Now()
			atomic.StoreInt32(&ran, 1)
		}()
		for atomic.LoadInt32(&ran) == 0 {
		}
		waited[i] = float64(at.Sub(start)) / float64(time.Microsecond)
	}
	sort.Float64s(waited)
	fmt.Printf("{\"case\": \"spawn_elsewhere\", \"count\": %d, \"median_us\": %.2f, \"p99_us\": %.2f}\n",
		count, waited[count/2], waited[count*99/100])
}

// The middle of how late a sleep ends.
func sleepFor(count int, asked time.Duration) {
	late := make([]float64, count)
	for i := range late {
		start := time.Now()
		time.Sleep(asked)
		late[i] = float64(time.Since(start)-asked) / float64(time.Microsecond)
	}
	sort.Float64s(late)
	fmt.Printf("{\"case\": \"sleep\", \"count\": %d, \"asked_us\": %d, \"late_us\": %.2f}\n",
		count, asked.Microseconds(), late[count/2])
}

// A timer set and stopped while a million others are pending.
func timers(count int) {
	const pending = 1000000
	others := make([]*time.Timer, pending)
	for i := range others {
		others[i] = time.AfterFunc(time.Hour+time.Duration(i)*time.Microsecond, func() {})
	}
	t := measure(count, func() {
		for i := 0; i < count; i++ {
			time.AfterFunc(5*time.Second, func() {}).Stop()
		}
	})
	runtime.KeepAlive(others)
	fmt.Printf("{\"case\": \"timers\", \"count\": %d, \"pending\": %d, \"deadline_ns\": %.2f}\n", count, pending, t.wall)
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "--version" {
		fmt.Println("Go " + runtime.Version()[2:])
		return
	}
	cases := map[string]func(int){
		"yield": yield, "spawn_join": spawnJoin, "batch_spawn": batchSpawn, "parked_memory": parkedMemory,
		"channel_pingpong": channelPingpong, "channel_stream": channelStream, "select_receive": selectReceive,
		"mutex_alone": mutexAlone, "mutex_yielding": mutexYielding, "timers": timers,
		"channel_handover": channelHandover, "select_pingpong": selectPingpong, "mutex_contended": mutexContended,
		"skynet": skynet, "parked_spawn": parkedSpawn, "spawn_elsewhere": spawnElsewhere,
		"sleep_1000": func(count int) { sleepFor(count, time.Millisecond) },
		"sleep_100":  func(count int) { sleepFor(count, 100*time.Microsecond) },
	}
	count := 1000000
	if len(os.Args) == 3 {
		count, _ = strconv.Atoi(os.Args[2])
	}
	if len(os.Args) < 2 || cases[os.Args[1]] == nil || count <= 0 {
		fmt.Fprintf(os.Stderr, "usage: %s CASE COUNT; there is no case like this\n", os.Args[0])
		os.Exit(2)
	}
	cases[os.Args[1]](count)
}
