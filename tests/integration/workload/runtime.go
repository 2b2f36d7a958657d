// runtime.go: what a Go program does by itself: goroutines on many threads, preemption by SIGURG, net and os/exec.
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

func busy(until time.Time) (n int) {
	for time.Now().Before(until) {
		for i := 0; i < 1000000; i++ {
			n += i
		}
	}
	return n
}

func serve() int {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "yes") }))
	good := 0
	for i := 0; i < 50; i++ {
		answer, err := http.Get("http://" + listener.Addr().String())
		if err != nil {
			continue
		}
		body, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		if string(body) == "yes" {
			good++
		}
	}
	return good
}

func files() int {
	var group sync.WaitGroup
	var lock sync.Mutex
	good := 0
	for i := 0; i < 20; i++ {
		group.Add(1)
		go func(i int) {
			defer group.Done()
			for k := 0; k < 20; k++ {
				path := fmt.Sprintf("/tmp/go-%d-%d", i, k)
				if os.WriteFile(path, []byte("x"), 0600) == nil && os.Remove(path) == nil {
					lock.Lock()
					good++
					lock.Unlock()
				}
			}
		}(i)
	}
	group.Wait()
	return good
}

func main() {
	if len(os.Args) > 1 {
		os.Exit(len(os.Args[1]))
	}
	for i := 0; i < 4; i++ {
		go busy(time.Now().Add(300 * time.Millisecond))
	}
	fmt.Println("served", serve())
	fmt.Println("files", files())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR1)
	syscall.Kill(os.Getpid(), syscall.SIGUSR1)
	fmt.Println("signal", <-signals)
	for _, argument := range []string{"a", "bb", "ccc"} {
		err := exec.Command("/app", argument).Run()
		fmt.Println("child", argument, err)
	}
	os.Exit(11)
}
